import CurlHTTPClient
import Testing

@testable import OktaAPI

@Suite("Answers from Okta are classified")
struct LogAnswerTests {
    private static let link = Bench.link("1")
    private static let start =
        "\(Bench.origin)/api/v1/logs?since=2025-09-04T15:33:20.000Z&limit=1000&sortOrder=ASCENDING"

    enum Sent: Sendable {
        case byTime
        case link
        /// A link that Okta has already refused once.
        case again

        var request: LogAnswer.Request {
            switch self {
            case .byTime: LogAnswer.Request(url: LogAnswerTests.start)
            case .link: LogAnswer.Request(url: LogAnswerTests.link, isLink: true)
            case .again: LogAnswer.Request(url: LogAnswerTests.link, isLink: true, isRepeated: true)
            }
        }
    }

    private func answer(
        _ status: Int, _ sent: Sent, body: String = "", headers: [(String, String)] = []
    ) throws -> LogAnswer {
        let all = [("Content-Type", "application/json"), ("X-Okta-Request-Id", "abc")] + headers
        let response = HTTPResponse(
            status: status, headers: HTTPHeaders(all.map { .init($0.0, $0.1) }), body: Array(body.utf8))
        return LogAnswer(.success(response), to: sent.request, of: LogQuery(org: try OrgURL(parsing: Bench.origin)))
    }

    @Test(
        "an answer with status 200, a complete array and a next link is a page",
        arguments: [
            ("[{}]", Bench.link("2"), Sent.byTime), ("[{}]", Bench.link("2"), .link), ("[]", Bench.link("2"), .again),
            // At the end of the log, the page is empty and its next link leads to itself.
            ("[]", Bench.link("1"), .link), (" [\n] ", Bench.link("1"), .link), ("\u{FEFF}[]", Bench.link("1"), .link),
            ("\u{FEFF}[{}]", Bench.link("2"), .byTime),
        ])
    func pages(body: String, next: String, sent: Sent) throws {
        let answer = try answer(200, sent, body: body, headers: [("Link", "<\(next)>; rel=\"next\"")])
        guard case .page(next) = answer else {
            Issue.record("\(answer)")
            return
        }
    }

    @Test(
        "if an answer with status 200 is not a page, the reason is reported",
        arguments: [
            ("[{}]", nil, PagerTrouble.Kind.missingNext), ("[{}]", Bench.link("1"), .nextStandsStill),
            ("\u{FEFF}[{}]", Bench.link("1"), .nextStandsStill),
            ("[{}]", "https://evil.example/api/v1/logs?after=2", .foreignNext), ("", Bench.link("2"), .brokenBody),
            ("\u{FEFF}", Bench.link("2"), .brokenBody), ("[1,", Bench.link("2"), .brokenBody),
            ("{}", Bench.link("2"), .brokenBody), ("<html>", Bench.link("2"), .notOkta),
        ] as [(String, String?, PagerTrouble.Kind)])
    func unusable(body: String, next: String?, kind: PagerTrouble.Kind) throws {
        let headers = next.map { [("Link", "<\($0)>; rel=\"next\"")] } ?? []
        let problem = try #require(try answer(200, .link, body: body, headers: headers).problem)
        #expect(problem.kind == kind)
        #expect(problem.status == 200)
        #expect(problem.requestID == "abc")
    }

    @Test(
        "the meaning of a status depends on the request, and decides the wait before the next request",
        arguments: [
            (400, "E0000029", Sent.link, PagerTrouble.Kind.serverFailure, Refusal.Pace.backoff, false),
            (404, "E0000007", .link, .serverFailure, .backoff, false),
            (410, "", .link, .serverFailure, .backoff, false),
            (400, "E0000029", .again, .cursorRefused, .probe, false),
            (404, "E0000007", .again, .cursorRefused, .probe, false), (410, "", .again, .cursorRefused, .probe, false),
            (400, "E0000053", .byTime, .refusedQuery, .probe, false), (404, "", .byTime, .wrongAddress, .probe, false),
            (410, "", .byTime, .wrongAddress, .probe, false), (405, "", .again, .wrongAddress, .probe, false),
            (414, "", .byTime, .refusedQuery, .probe, false), (401, "E0000011", .again, .unauthorized, .probe, false),
            (403, "E0000006", .again, .forbidden, .probe, false), (204, "", .link, .serverFailure, .backoff, false),
            (408, "", .link, .serverFailure, .backoff, false), (503, "", .link, .serverFailure, .backoff, false),
            (500, "E0000009", .link, .serverFailure, .backoff, true),
            (500, "E0000053", .link, .serverFailure, .backoff, false), (418, "", .link, .refused, .probe, false),
            (302, "", .link, .redirected, .backoff, false), (429, "E0000047", .link, .rateLimited, .backoff, false),
        ])
    func statuses(
        status: Int, code: String, sent: Sent, kind: PagerTrouble.Kind, pace: Refusal.Pace, isSlow: Bool
    ) throws {
        let body = code.isEmpty ? "" : "{\"errorCode\":\"\(code)\",\"errorSummary\":\"words\"}"
        let problem = try #require(try answer(status, sent, body: body).problem)
        #expect(problem.kind == kind)
        #expect(problem.pace == pace)
        #expect(problem.isSlow == isSlow)
        #expect(problem.status == status)
        #expect(!problem.what.isEmpty && !problem.advice.isEmpty)
    }

    @Test("a 429 with a limit of zero means that too many requests were sent at the same time")
    func concurrency() throws {
        let problem = try #require(try answer(429, .link, headers: [("X-Rate-Limit-Limit", "0")]).problem)
        #expect(problem.kind == .concurrencyLimited)
    }

    @Test(
        "a failed request is classified by its error, and only a time-out counts as a slow answer",
        arguments: [
            (TransportError.Kind.timeout, PagerTrouble.Kind.unreachable, true), (.connect, .unreachable, false),
            (.noRoom, .unreachable, false), (.tooLarge, .tooLarge, false), (.cancelled, .cancelled, false),
            (.shutDown, .cancelled, false), (.invalidRequest, .invalidRequest, false),
        ])
    func failures(kind: TransportError.Kind, expected: PagerTrouble.Kind, isSlow: Bool) throws {
        let error = TransportError(kind, host: "acme.okta.com", detail: "")
        let answer = LogAnswer(
            .failure(error), to: Sent.link.request, of: LogQuery(org: try OrgURL(parsing: Bench.origin)))
        let problem = try #require(answer.problem)
        #expect(problem.kind == expected)
        #expect(problem.isSlow == isSlow)
        #expect(problem.status == nil)
    }

    @Test(
        "an answer from the token endpoint is not mistaken for an answer from the log",
        arguments: [(429, PagerTrouble.Kind.rateLimited), (200, .serverFailure)])
    func tokenEndpoint(status: Int, kind: PagerTrouble.Kind) throws {
        var response = HTTPResponse(
            status: status, headers: HTTPHeaders([.init("Link", "<\(Bench.link("2"))>; rel=\"next\"")]),
            body: Array("[{}]".utf8))
        response.isOfTokenEndpoint = true
        let answer = LogAnswer(
            .success(response), to: Sent.again.request, of: LogQuery(org: try OrgURL(parsing: Bench.origin)))
        #expect(try #require(answer.problem).kind == kind)
    }
}

extension LogAnswer {
    fileprivate var problem: Problem? { if case .problem(let problem) = self { problem } else { nil } }
}
