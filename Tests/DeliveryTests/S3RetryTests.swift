import CurlHTTPClient
import Logging
import Synchronization
import Testing

@testable import Delivery

/// What a client asks of a store that refuses its requests.
@Suite("Requests that a store refuses")
struct S3RetryTests {
    /// A store that gives every request the same answer.
    private final class Store: HTTPTransport {
        let response: HTTPResponse
        let requests = Mutex(0)

        init(_ response: HTTPResponse) { self.response = response }

        func send(_ request: HTTPRequest) async throws(TransportError) -> HTTPResponse {
            requests.withLock { $0 += 1 }
            return response
        }
    }

    private struct Key: AWSCredentialSource {
        func fetch() async throws(AWSCredentialProblem) -> AWSCredentials {
            guard let key = AWSCredentials(keyID: "a", secret: "s", sessionToken: nil, expires: nil) else {
                throw AWSCredentialProblem("no key", remedy: "none")
            }
            return key
        }
    }

    private func client(_ store: Store, _ logger: Logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        -> S3Client
    {
        S3Client(
            S3Address(bucket: "lake", prefix: nil, endpoint: nil, isPathStyle: nil, region: "eu-central-1"),
            settingsName: "fleet.log", transport: store, credentials: Key(), logger: logger, now: { 1_000_000 })
    }

    private func error(_ code: String) -> [UInt8] {
        Array("<Error><Code>\(code)</Code><Message>m</Message></Error>".utf8)
    }

    @Test("Retry-After is kept, whatever the request")
    func retryAfter() async throws {
        let store = Store(
            HTTPResponse(
                status: 503, headers: HTTPHeaders([.init("Retry-After", "40")]), body: error("SlowDown")))
        let client = client(store)
        let problems = [
            await #expect(throws: S3Problem.self) { _ = try await client.list("seals/") },
            await #expect(throws: S3Problem.self) { _ = try await client.read("seals/1", limit: 10) },
            await #expect(throws: S3Problem.self) { try await client.delete("seals/1") },
        ]
        #expect(problems.map { $0?.retryAfter } == [.seconds(40), .seconds(40), .seconds(40)])
    }

    @Test("a store that refuses its own time gets two requests at first, and then one for each call")
    func clock() async throws {
        let store = Store(
            HTTPResponse(
                status: 403, headers: HTTPHeaders([.init("Date", "Thu, 01 Jan 1970 02:00:00 GMT")]),
                body: error("RequestTimeTooSkewed")))
        let client = client(store)
        for number in 1...10 {
            let problem = await #expect(throws: S3Problem.self) { _ = try await client.list("seals/") }
            #expect(store.requests.withLock(\.self) == number + 1)
            #expect(problem?.trouble.remedy == "Set this host's clock")
        }
    }

    @Test("a store that refuses the right time gets one request for each call, and this host's clock is not blamed")
    func rightTime() async throws {
        let store = Store(
            HTTPResponse(
                status: 403, headers: HTTPHeaders([.init("Date", "Thu, 01 Jan 1970 00:16:40 GMT")]),
                body: error("RequestTimeTooSkewed")))
        let client = client(store)
        for number in 1...10 {
            await #expect(throws: S3Problem.self) { _ = try await client.list("seals/") }
            #expect(store.requests.withLock(\.self) == number)
        }
        #expect(client.clockOffset == nil)
    }
}
