import LocalServer

/// Maps each path of the listener to its response.
struct MonitoringRoutes: Sendable {
    let state: MonitoringState

    func response(to request: LocalRequest) -> LocalResponse {
        switch request.path {
        case "/": StatusPage.response
        case "/metrics": document(.metrics, MetricsText.contentType)
        case "/status.json": document(.status, StatusDocuments.contentType)
        case "/history.json": document(.history, StatusDocuments.contentType)
        case "/healthz", "/healthz/ready": health(state.health.whyNotReady, "ready")
        case "/healthz/live": health(state.health.whyNotLive, "live")
        default:
            LocalResponse(
                404,
                text:
                    "not found: the paths are /, /metrics, /healthz/live, /healthz/ready, /status.json and /history.json"
            )
        }
    }

    private func document(_ document: MonitoringState.Document, _ contentType: String) -> LocalResponse {
        guard let body = state.body(document) else { return LocalResponse(503, text: "starting: no report yet") }
        return LocalResponse(200, contentType, body: body)
    }

    private func health(_ problem: String?, _ word: String) -> LocalResponse {
        problem.map { LocalResponse(503, text: "not \(word): \($0)") } ?? LocalResponse(200, text: word)
    }
}
