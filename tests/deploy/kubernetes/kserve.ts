// The part of KServe 0.15's API that deploy/kubernetes uses. KServe publishes no types, so these are written after its
// definitions: fields that are not here may exist, but nobody has looked whether they do.
import type { IContainer } from "kubernetes-models/v1/Container";
import type { IObjectMeta } from "@kubernetes-models/apimachinery/apis/meta/v1/ObjectMeta";

type Protocol = "v1" | "v2" | "grpc-v1" | "grpc-v2";

export interface IServingRuntime {
  apiVersion: "serving.kserve.io/v1alpha1";
  kind: "ServingRuntime";
  metadata: IObjectMeta;
  spec: {
    supportedModelFormats?: { name: string; version?: string; autoSelect?: boolean; priority?: number }[];
    multiModel?: boolean;
    disabled?: boolean;
    protocolVersions?: Protocol[];
    containers: IContainer[];
    annotations?: Record<string, string>;
    labels?: Record<string, string>;
  };
}

export interface IInferenceService {
  apiVersion: "serving.kserve.io/v1beta1";
  kind: "InferenceService";
  metadata: IObjectMeta;
  spec: {
    predictor: {
      minReplicas?: number;
      maxReplicas?: number;
      scaleTarget?: number;
      scaleMetric?: "cpu" | "memory" | "concurrency" | "rps";
      timeout?: number;
      model: Partial<IContainer> & {
        modelFormat: { name: string; version?: string };
        protocolVersion?: Protocol;
        runtime?: string;
        runtimeVersion?: string;
        storageUri?: string;
      };
    };
  };
}
