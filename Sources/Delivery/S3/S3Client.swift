import CurlHTTPClient
import Digests
import FoundationEssentials
import Logging
import Synchronization
import Time

/// Sends requests to one bucket: signs them, renews the access key, and adopts the region and clock that the store's answers give.
///
/// Requests use only features that every libcurl from 7.88 on signs correctly: encoded paths, a sorted query without `%2B`, and an explicit payload
/// hash.
package final class S3Client: Sendable {
    /// What the store's answers have shown, and the number of requests.
    private struct Learned {
        var address: S3Address
        /// How far the store's clock is ahead of this host's, in milliseconds; `nil` while this host's clock is used.
        var clock: Int64?
        var requests = 0
    }

    /// The maximum number of attempts within one call. Each attempt after the first one follows an answer that requires another region, clock or key.
    private static let adjustments = 4
    /// A smaller difference between two answers does not count as a changed clock, in milliseconds. S3 accepts times that differ by up to 15 minutes.
    private static let clockStep: Int64 = 60_000

    private let transport: any HTTPTransport
    private let keeper: AWSCredentialKeeper
    private let settingsName: String
    let now: @Sendable () -> Int64
    private let logger: Logger
    private let learned: Mutex<Learned>

    /// - Parameters:
    ///   - settingsName: what messages call the owner of the bucket's settings, such as "the destination".
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

    /// The bucket's address, corrected by the store's answers.
    package var address: S3Address { learned.withLock { $0.address } }
    /// How far the store's clock is ahead of this host's, in milliseconds; nil if no answer has shown a difference.
    var clockOffset: Int64? { learned.withLock { $0.clock } }
    /// Requests sent so far.
    package var requests: Int { learned.withLock { $0.requests } }

    /// The present access key.
    func credentials() async throws(AWSCredentialProblem) -> AWSCredentials { try await keeper.current() }

    /// The result of one call.
    enum Result {
        /// Status 200 with an entity tag, and without an error in the body.
        case stored(S3Answer)
        /// Status 412: the request's condition did not hold.
        case exists(S3Answer)
        /// The store refuses this particular object.
        case refused(DeliveryTrouble)
        /// Any other answer, or no answer. Without an answer, the store may have carried out the call.
        case notYet(DeliveryTrouble, retryAfter: Duration?, S3Answer?)
        case cancelled
    }

    /// Sends a call. The call is sent again only if the store answers that another region, clock or key is needed, because then the store did not
    /// carry out the call.
    func perform(_ call: S3Call) async -> Result {
        var refusedKey: AWSCredentials?
        var last = DeliveryTrouble(
            "the store refused every attempt because of the region or the time of the request",
            remedy: "Correct the setting “region”, and check this host's clock")
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
                last = DeliveryTrouble(
                    "\(host) refuses the request because the request's time is wrong",
                    remedy: "Set this host's clock")
                // If the request already had the store's time, another one would be refused, too.
                if abs(offset - (clock ?? 0)) < Self.clockStep { return .notYet(last, retryAfter: nil, nil) }
                learn(clock: offset)
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
        // If a connection breaks during a `PUT`, some stores keep the partial object. The header with the digest of the whole object prevents this.
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
        logger.warning("the bucket \(bucket) is in the region \(region); set \(settingsName)'s region to \(region)")
    }

    private func learn(clock: Int64) {
        let isNew = learned.withLock { learned in
            guard abs(clock) >= Self.clockStep else {
                // This host's clock was set.
                learned.clock = nil
                return false
            }
            defer { learned.clock = clock }
            return learned.clock.map { abs($0 - clock) >= Self.clockStep } ?? true
        }
        guard isNew else { return }
        logger.warning(
            "this host's clock differs from the store's by \(abs(clock) / 1000) s; requests are signed with the store's time; set this host's clock"
        )
    }

    /// A time in the form of `X-Amz-Date`: `20261123T201530Z`.
    static func stamp(_ milliseconds: Int64) -> String {
        let text = CivilTime(milliseconds: milliseconds).rfc3339Seconds
        return text.filter { $0 != "-" && $0 != ":" }
    }
}

/// One request to a bucket, before it is addressed and signed. A plain value.
struct S3Call: Sendable {
    /// The hash of an empty payload.
    static let emptySHA256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    /// The speed that the time limit for a file assumes, in bytes per second. If a transfer is much slower, it times out.
    private static let slowest: Int64 = 50_000

    var method: HTTPMethod
    /// The object's key without the prefix of the address.
    var path: String
    /// Whether the call is for the bucket itself, to list its objects, and not for an object.
    var isOfBucket = false
    var query: [(String, String)] = []
    var headers = HTTPHeaders()
    var body: [UInt8]?
    var upload: HTTPUpload?
    /// The hash of the payload, in lower-case hexadecimal digits.
    var sha256 = S3Call.emptySHA256
    var limit = Duration.seconds(60)
    /// The largest body of an answer, in bytes.
    var answerBytes = 256 << 10

    init(_ method: HTTPMethod, _ path: String) {
        self.method = method
        self.path = path
    }

    /// Makes the call send a file, and sets the time limit according to the file's size.
    mutating func send(_ upload: HTTPUpload?, bytes: Int64, sha256: String) {
        self.upload = upload
        self.sha256 = sha256
        limit = .seconds(120 + bytes / Self.slowest)
    }
}
