"""Names of series as a scrape writes them."""


def rpc_labels(method: str, **labels: str) -> str:
    """Labels of a grpc_server_* series, in alphabetical order."""
    grpc_type = "bidi_stream" if method.endswith("Stream") else "unary"
    service = "AdminService" if method == "ReloadModel" else "InferenceService"
    labels |= {"grpc_method": method, "grpc_service": f"attnd.v1.{service}", "grpc_type": grpc_type}
    return "{" + ",".join(f'{name}="{value}"' for name, value in sorted(labels.items())) + "}"
