import Testing

@testable import Respond

@Suite("Requests for an action")
struct RequestTests {
    @Test("a new request neither runs dry nor is forced")
    func defaults() {
        let request = ResponseRequest(integration: "acme", action: .suspend, user: "mallory@acme.example", caseID: "1")
        #expect(!request.isDryRun && !request.isForced)
    }
}
