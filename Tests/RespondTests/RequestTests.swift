import Testing

@testable import Respond

@Suite("Requests for an action")
struct RequestTests {
    @Test("by default, a request is neither a dry run nor forced")
    func defaults() {
        let request = ResponseRequest(integration: "acme", action: .suspend, user: "mallory@acme.example", caseID: "1")
        #expect(!request.isDryRun && !request.isForced)
    }
}
