import CurlHTTPClient
import Delivery
import Foundation
import Logging
import Synchronization

/// A bucket in memory that supports conditional requests as Amazon S3 does. It checks no signatures. Answers can be lost after a write.
final class ModelBucket: HTTPTransport {
    private struct State {
        var objects: [String: (bytes: [UInt8], etag: String)] = [:]
        var writes = 0
        var requests: [String: Int] = [:]
        /// The answers to this many of the next writes are lost.
        var lostAnswers = 0
        var isAway = false
    }

    private let state = Mutex(State())

    /// The number of requests, by method.
    var requests: [String: Int] { state.withLock { $0.requests } }
    /// The text of an object; nil if the object does not exist.
    func text(_ path: String) -> String? {
        state.withLock { $0.objects["/lake/\(path)"].map { String(decoding: $0.bytes, as: UTF8.self) } }
    }
    func put(_ path: String, _ text: String) {
        state.withLock { state in
            state.writes += 1
            state.objects["/lake/\(path)"] = (Array(text.utf8), "\"\(state.writes)\"")
        }
    }
    func loseAnswers(_ count: Int) { state.withLock { $0.lostAnswers = count } }
    func setAway(_ isAway: Bool) { state.withLock { $0.isAway = isAway } }

    func send(_ request: HTTPRequest) async throws(TransportError) -> HTTPResponse {
        let path = URL(string: request.url)?.path ?? ""
        let answer = state.withLock { state -> HTTPResponse? in
            guard !state.isAway else { return nil }
            state.requests[request.method.rawValue, default: 0] += 1
            let object = state.objects[path]
            guard request.method == .put else {
                if let listing = Self.listing(request.url, state.objects) { return response(200, listing) }
                guard let object else { return response(404, "<Error><Code>NoSuchKey</Code></Error>") }
                return response(200, String(decoding: object.bytes, as: UTF8.self), etag: object.etag)
            }
            if request.headers.first("If-None-Match") == "*", object != nil { return response(412, "") }
            if let etag = request.headers.first("If-Match") {
                guard let object else { return response(404, "<Error><Code>NoSuchKey</Code></Error>") }
                guard object.etag == etag else { return response(412, "") }
            }
            state.writes += 1
            let etag = "\"\(state.writes)\""
            state.objects[path] = (request.body ?? [], etag)
            guard state.lostAnswers == 0 else {
                state.lostAnswers -= 1
                return nil
            }
            return response(200, "", etag: etag)
        }
        guard let answer else { throw TransportError(.timeout, host: "bucket", detail: "lost") }
        return answer
    }

    /// The answer to ListObjectsV2; nil for another request.
    private static func listing(_ url: String, _ objects: [String: (bytes: [UInt8], etag: String)]) -> String? {
        let items = URLComponents(string: url)?.queryItems ?? []
        let query = Dictionary(items.map { ($0.name, $0.value ?? "") }) { first, _ in first }
        guard query["list-type"] == "2", let prefix = query["prefix"],
            let limit = query["max-keys"].flatMap({ Int($0) })
        else { return nil }
        let keys = objects.keys.map { $0.dropFirst("/lake/".count) }.sorted()
            .filter { $0.hasPrefix(prefix) && $0 > query["start-after"] ?? "" }
        let contents = keys.prefix(limit).map { key in
            "<Contents><Key>\(key)</Key><Size>\(objects["/lake/\(key)"]?.bytes.count ?? 0)</Size></Contents>"
        }
        return """
            <ListBucketResult><IsTruncated>\(keys.count > limit)</IsTruncated>\(contents.joined())</ListBucketResult>
            """
    }

    private func response(_ status: Int, _ body: String, etag: String? = nil) -> HTTPResponse {
        var headers = HTTPHeaders()
        if let etag { headers.append("ETag", etag) }
        return HTTPResponse(status: status, headers: headers, body: Array(body.utf8))
    }

    /// A client of the bucket `lake`, and the client's transport, which leads to this bucket in memory.
    ///
    /// If TRIBUTARY_TEST_S3 is set (`http://127.0.0.1:PORT/`), the transport leads to a real store with the access key `test` and `testsecret`.
    func client() throws -> (S3Client, CuttableTransport) {
        let real = ProcessInfo.processInfo.environment["TRIBUTARY_TEST_S3"]
        let transport = CuttableTransport(real == nil ? self : try CurlTransport())
        let address = S3Address(
            bucket: "lake", prefix: real.map { _ in prefix }, endpoint: real ?? "http://127.0.0.1:9", isPathStyle: true,
            region: nil)
        return (
            S3Client(
                address, settingsName: "fleet.log", transport: transport, credentials: TestKey(),
                logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }), transport
        )
    }

    /// The prefix of the keys in a real store.
    private let prefix = "test-\(UInt32.random(in: 0 ... .max))"

    private struct TestKey: AWSCredentialSource {
        func fetch() async throws(AWSCredentialProblem) -> AWSCredentials {
            guard
                let key = AWSCredentials(keyID: "test", secret: "testsecret", sessionToken: nil, expires: nil)
            else { throw AWSCredentialProblem("no key", remedy: "none") }
            return key
        }
    }
}
