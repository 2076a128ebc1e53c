"""Names of series as a scrape writes them."""

OPEN_INFERENCE = ("ServerLive", "ServerReady", "ModelReady", "ServerMetadata", "ModelMetadata", "ModelInfer",
                  "ModelStreamInfer", "ModelConfig", "ModelStatistics", "RepositoryIndex")


def rpc_labels(method: str, **labels: str) -> str:
    """Labels of a grpc_server_* series, in alphabetical order."""
    grpc_type = "bidi_stream" if "Stream" in method else "unary"
    service = "attnd.v1.AdminService" if method == "ReloadModel" else "attnd.v1.InferenceService"
    if method in OPEN_INFERENCE:
        service = "inference.GRPCInferenceService"
    labels |= {"grpc_method": method, "grpc_service": service, "grpc_type": grpc_type}
    return "{" + ",".join(f'{name}="{value}"' for name, value in sorted(labels.items())) + "}"
