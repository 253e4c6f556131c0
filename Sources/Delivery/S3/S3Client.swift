import CurlHTTPClient
import Digests
import FoundationEssentials
import Logging
import Synchronization
import Time

/// Sends requests to one bucket: signs them, renews the access key, and follows the region and the clock that the store's answers name.
///
/// Requests stay within what every libcurl from 7.88 on signs correctly: encoded paths, a sorted query without `%2B`, and a payload hash that is
/// always given.
package final class S3Client: Sendable {
    /// What answers have taught.
    private struct Learned {
        var address: S3Address
        /// Milliseconds that the store's clock is ahead; `nil` while this host's clock is used.
        var clock: Int64?
        var requests = 0
    }

    /// Attempts within one call, after an answer that tells what to do differently.
    private static let adjustments = 4

    private let transport: any HTTPTransport
    private let keeper: AWSCredentialKeeper
    private let settingsName: String
    private let now: @Sendable () -> Int64
    private let logger: Logger
    private let learned: Mutex<Learned>

    /// - Parameters:
    ///   - settingsName: what has the bucket's settings, for messages: "the destination".
    ///   - now: the wall clock, milliseconds since 1970.
    package init(
        _ address: S3Address, settingsName: String, transport: any HTTPTransport,
        credentials: any AWSCredentialSource, logger: Logger,
        now: @escaping @Sendable () -> Int64 = { UTCTime.now().milliseconds }
    ) {
        self.transport = transport
        self.settingsName = settingsName
        keeper = AWSCredentialKeeper(credentials, now: now)
        self.now = now
        self.logger = logger
        learned = Mutex(Learned(address: address))
    }

    /// Where the bucket is, as far as answers have told.
    package var address: S3Address { learned.withLock { $0.address } }
    /// Milliseconds that the store's clock is ahead, if an answer said so.
    var clockOffset: Int64? { learned.withLock { $0.clock } }
    /// Requests sent so far.
    package var requests: Int { learned.withLock { $0.requests } }

    /// The access key as it is now.
    func credentials() async throws(AWSCredentialProblem) -> AWSCredentials { try await keeper.current() }

    /// What one call came to.
    enum Result {
        /// Status 200, without an error in the body.
        case stored(S3Answer)
        /// Status 412: a condition did not hold.
        case exists(S3Answer)
        /// The store won't take this very object.
        case refused(DeliveryTrouble)
        /// Any other answer, or none. Without one nobody knows whether the store carried out the call.
        case notYet(DeliveryTrouble, retryAfter: Duration?, S3Answer?)
        case cancelled
    }

    /// Sends a call. It is repeated only after an answer that says that it was not carried out: another region, clock or key is needed.
    func perform(_ call: S3Call) async -> Result {
        var refusedKey: AWSCredentials?
        var last = DeliveryTrouble("the store asks for another region or clock each time", remedy: "Correct region")
        for _ in 0..<Self.adjustments {
            let credentials: AWSCredentials
            do throws(AWSCredentialProblem) {
                credentials = try await keeper.current()
            } catch {
                return Task.isCancelled ? .cancelled : .notYet(error.trouble, retryAfter: nil, nil)
            }
            if credentials == refusedKey { return .notYet(last, retryAfter: nil, nil) }
            let (address, clock) = learned.withLock { learned in
                learned.requests += 1
                return (learned.address, learned.clock)
            }
            let request = request(call, address, credentials, clock)
            let response: HTTPResponse
            do throws(TransportError) {
                response = try await transport.send(request)
            } catch {
                switch error.kind {
                case .cancelled, .shutDown: return .cancelled
                default: return .notYet(DeliveryTrouble(error, addressName: addressName), retryAfter: nil, nil)
                }
            }
            let host = HTTPURL(request.url)?.hostAndPort ?? address.shown
            let answer = S3Answer(response, from: address, host: host)
            switch answer.verdict(path: call.path, now: now()) {
            case .keyRefused(let trouble):
                await keeper.refused(credentials)
                refusedKey = credentials
                last = trouble
            case .otherRegion(let region): learn(region: region)
            case .clock(let offset):
                learn(clock: offset)
                last = DeliveryTrouble("\(host) refuses the time of the request", remedy: "Set this host's clock")
            case .stored: return .stored(answer)
            case .exists: return .exists(answer)
            case .refused(let trouble): return .refused(trouble)
            case .notYet(let trouble, let retryAfter): return .notYet(trouble, retryAfter: retryAfter, answer)
            }
        }
        return .notYet(last, retryAfter: nil, nil)
    }

    private var addressName: String { "\(settingsName)'s region or endpoint" }

    private func request(
        _ call: S3Call, _ address: S3Address, _ credentials: AWSCredentials, _ clock: Int64?
    ) -> HTTPRequest {
        var request = HTTPRequest(call.method, address.url(key: call.isOfBucket ? "" : address.key(call.path)))
        if !call.query.isEmpty {
            request.url +=
                "?"
                + call.query.sorted { $0.0 < $1.0 }.map { name, value in
                    "\(name)=\(PercentEncoding.encode(value, keepingSlash: false))"
                }.joined(separator: "&")
        }
        request.headers = call.headers
        request.headers.append("x-amz-content-sha256", call.sha256)
        // A store may keep what has come when a connection ends in the middle, unless it is told the digest of the whole.
        if call.method == .put, let digest = Hexadecimal.bytes(call.sha256) {
            request.headers.append("x-amz-checksum-sha256", Data(digest).base64EncodedString())
        }
        if let clock { request.headers.append("X-Amz-Date", Self.stamp(now() + clock)) }
        if let token = credentials.sessionToken { request.headers.append("x-amz-security-token", token) }
        request.signature = RequestSignature(
            region: address.region, service: "s3", keyID: credentials.keyID, secret: credentials.secret)
        request.addressName = addressName
        request.body = call.body
        request.upload = call.upload
        request.limits = HTTPLimits(
            connect: .seconds(10), total: call.limit, stall: .seconds(60), bodyBytes: call.answerBytes,
            headerBytes: 64 << 10)
        return request
    }

    private func learn(region: String) {
        let (bucket, isNew) = learned.withLock { learned in
            defer { learned.address.region = region }
            return (learned.address.bucket, learned.address.region != region)
        }
        guard isNew else { return }
        logger.warning("the bucket \(bucket) is in \(region); set \(settingsName)'s region to it")
    }

    private func learn(clock: Int64) {
        learned.withLock { $0.clock = clock }
        logger.warning(
            "this host's clock differs from the store's by \(abs(clock) / 1000) s; requests are signed with the store's time; set this host's clock"
        )
    }

    /// `20261123T201530Z`, as `X-Amz-Date` has it.
    static func stamp(_ milliseconds: Int64) -> String {
        let text = CivilTime(milliseconds: milliseconds).rfc3339Seconds
        return text.filter { $0 != "-" && $0 != ":" }
    }
}

/// One request to a bucket, before it is addressed and signed. A plain value.
struct S3Call: Sendable {
    /// Of an empty payload.
    static let emptySHA256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    /// The slowest transfer that is waited for. Bytes a second.
    private static let slowest: Int64 = 50_000

    var method: HTTPMethod
    /// The object, below the prefix of the address.
    var path: String
    /// Whether the call is to the bucket itself, to list it.
    var isOfBucket = false
    var query: [(String, String)] = []
    var headers = HTTPHeaders()
    var body: [UInt8]?
    var upload: HTTPUpload?
    /// Of the payload, in lower-case hexadecimal digits.
    var sha256 = S3Call.emptySHA256
    var limit = Duration.seconds(60)
    /// Largest body of the answer.
    var answerBytes = 256 << 10

    init(_ method: HTTPMethod, _ path: String) {
        self.method = method
        self.path = path
    }

    /// Sends a file.
    mutating func send(_ upload: HTTPUpload?, bytes: Int64, sha256: String) {
        self.upload = upload
        self.sha256 = sha256
        limit = .seconds(120 + bytes / Self.slowest)
    }
}
