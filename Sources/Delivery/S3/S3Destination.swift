import Logging
import OktaAPI
import Spool
import Synchronization
import Time

/// A bucket of a store that speaks S3: a segment is the object whose key is the segment's path.
///
/// - `If-None-Match: *` stores an object once: a repeat is answered with 412 and makes no second event of the bucket's.
/// - The manifest's SHA-256 is the payload hash that is signed, so the store proves the bytes, and they are read once.
/// - No multipart upload: a segment is within the 5 GB of one request, and there is no state that could be left at the store.
package final class S3Destination: Destination {
    /// What is fixed for all requests.
    package struct Settings: Sendable {
        package var address: S3Address
        /// The value of `x-amz-server-side-encryption`; `nil`: the bucket's own.
        package var encryption: String?
        package var form: S3Form

        package init(address: S3Address, encryption: String?, form: S3Form = .segments) {
            self.address = address
            self.encryption = encryption
            self.form = form
        }
    }

    /// What answers have taught.
    private struct Learned {
        var address: S3Address
        /// Milliseconds that the store's clock is ahead; `nil` while it takes this host's.
        var clock: Int64?
        var requests = 0
    }

    /// Tries within one delivery, after an answer that tells what to do differently.
    private static let adjustments = 4
    /// The slowest upload that is waited for. Bytes a second.
    private static let slowest: Int64 = 50_000

    private let settings: Settings
    private let transport: any HTTPTransport
    private let keeper: AWSCredentialKeeper
    private let now: @Sendable () -> Int64
    private let logger: Logger
    private let learned: Mutex<Learned>

    /// - Parameter now: the wall clock, milliseconds since 1970.
    package init(
        _ settings: Settings, transport: any HTTPTransport, credentials: any AWSCredentialSource, logger: Logger,
        now: @escaping @Sendable () -> Int64 = { UTCTime.now().milliseconds }
    ) {
        self.settings = settings
        self.transport = transport
        keeper = AWSCredentialKeeper(credentials, now: now)
        self.now = now
        self.logger = logger
        learned = Mutex(Learned(address: settings.address))
    }

    package var guarantee: DeliveryGuarantee { .exactlyOnce }
    package var place: String { settings.address.shown }
    /// Sent so far.
    package var requests: Int { learned.withLock { $0.requests } }

    package func deliver(_ segment: DeliverySegment) async -> DeliveryOutcome {
        let object: S3Object
        switch await self.object(of: segment) {
        case .success(let made): object = made
        case .failure(let outcome): return outcome
        }
        var refusedKey: AWSCredentials?
        var last = DeliveryTrouble("the store asks for another region or clock each time", remedy: "Correct region")
        for _ in 0..<Self.adjustments {
            let credentials: AWSCredentials
            do throws(AWSCredentialProblem) {
                credentials = try await keeper.current()
            } catch {
                return Task.isCancelled ? .cancelled : .notYet(error.trouble, retryAfter: nil)
            }
            if credentials == refusedKey { return .notYet(last, retryAfter: nil) }
            let (address, clock) = learned.withLock { ($0.address, $0.clock) }
            var request = request(.put, object, address, credentials, clock)
            request.upload = object.upload
            request.limits.total = .seconds(120 + object.bytes / Self.slowest)
            let response: HTTPResponse
            do throws(TransportError) {
                response = try await send(request)
            } catch {
                return outcome(error)
            }
            let host = HTTPURL(request.url)?.hostAndPort ?? settings.address.shown
            switch S3Answer(response, from: address, host: host).verdict(path: segment.path, now: now()) {
            case .stored: return .delivered(wasThere: false)
            case .exists: return await recognize(object, address, credentials, clock, host: host)
            case .notYet(let trouble, let retryAfter): return .notYet(trouble, retryAfter: retryAfter)
            case .refused(let trouble): return .refused(trouble)
            case .keyRefused(let trouble):
                await keeper.refused(credentials)
                refusedKey = credentials
                last = trouble
            case .otherRegion(let region): learn(region: region)
            case .clock(let offset):
                learn(clock: offset)
                last = DeliveryTrouble("\(host) refuses the time of the request", remedy: "Set this host's clock")
            }
        }
        return .notYet(last, retryAfter: nil)
    }

    /// Stores a small object twice, of which the second must be refused: a store that ignores the condition would store a segment twice.
    package func check() async -> [DestinationStep] {
        let body = Array("{}".utf8)
        let random = UInt64.random(in: .min ... .max)
        var directory = "_tributary"
        if case .parquet(let form) = settings.form {
            directory = form.probeDirectory
            do throws(ParquetConverter.Failure) {
                try await form.converter.check()
            } catch .notYet(let trouble), .refused(let trouble) {
                return [DestinationStep("parquet", trouble)]
            } catch {
                return [DestinationStep("parquet", "stopped", remedy: "Try again")]
            }
        }
        let probe = S3Object(
            path: "\(directory)/probe-\(String(random, radix: 16)).json", bytes: 2,
            sha256: "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a")
        var steps: [DestinationStep] = []
        let credentials: AWSCredentials
        do throws(AWSCredentialProblem) {
            credentials = try await keeper.current()
        } catch {
            return [DestinationStep("access key", error.trouble)]
        }
        if case .parquet = settings.form { steps.append(DestinationStep("parquet", "Python has pyarrow")) }
        steps.append(
            DestinationStep("access key", "there is one" + (credentials.expires == nil ? "" : ", which is renewed")))
        var verdicts: [S3Verdict] = []
        for _ in 0..<Self.adjustments where verdicts.count < 2 {
            let (address, clock) = learned.withLock { ($0.address, $0.clock) }
            var request = request(.put, probe, address, credentials, clock)
            request.body = body
            let response: HTTPResponse
            do throws(TransportError) {
                response = try await send(request)
            } catch {
                let trouble = DeliveryTrouble(error, addressName: "the destination's region or endpoint")
                return steps + [DestinationStep("store", trouble)]
            }
            let host = HTTPURL(request.url)?.hostAndPort ?? settings.address.shown
            let verdict = S3Answer(response, from: address, host: host).verdict(path: probe.path, now: now())
            switch verdict {
            case .stored, .exists: verdicts.append(verdict)
            case .otherRegion(let region):
                learn(region: region)
                steps.append(DestinationStep("region", "the bucket is in \(region)", remedy: "Set region: \(region)"))
            case .clock(let offset):
                learn(clock: offset)
                steps.append(
                    DestinationStep(
                        "clock", "it differs from the store's by \(abs(offset) / 1000) s",
                        remedy: "Set this host's clock"))
            case .notYet(let trouble, _), .refused(let trouble), .keyRefused(let trouble):
                return steps + [DestinationStep("store", trouble)]
            }
        }
        guard verdicts.count == 2 else {
            return steps + [DestinationStep("store", "asks for another region each time", remedy: "Correct region")]
        }
        steps.append(DestinationStep("store", "\(place) takes objects"))
        steps.append(
            verdicts == [.stored, .exists]
                ? DestinationStep("once", "a second object with the same key is refused")
                : DestinationStep(
                    "once", "the store ignores If-None-Match",
                    remedy: "Use a store that knows it: with this one a segment that comes again is stored again"))
        let (address, clock) = learned.withLock { ($0.address, $0.clock) }
        let removed = try? await send(request(.delete, probe, address, credentials, clock))
        steps.append(
            DestinationStep(
                "clean up",
                (200..<300).contains(removed?.status ?? 0)
                    ? "the object is removed" : "the access key may not delete: \(address.key(probe.path)) stays"))
        return steps
    }

    /// What is to be sent for a segment.
    private func object(of segment: DeliverySegment) async -> Made {
        let form: ParquetForm
        switch settings.form {
        case .segments: return wholeSegment(segment)
        case .parquet(let chosen): form = chosen
        }
        guard let path = form.path(of: segment) else {
            return .failure(
                .refused(
                    DeliveryTrouble(
                        "\(segment.path) has no class or no date", remedy: "Skip it with `tributary spool ack`")))
        }
        do throws(ParquetConverter.Failure) {
            let (upload, sha256) = try await form.converter.convert(segment)
            return .success(
                S3Object(
                    path: path, upload: upload, bytes: upload.bytes, sha256: sha256, segmentSHA256: segment.sha256,
                    mediaType: "application/vnd.apache.parquet"))
        } catch .notYet(let trouble) {
            return .failure(.notYet(trouble, retryAfter: nil))
        } catch .refused(let trouble) {
            return .failure(.refused(trouble))
        } catch {
            return .failure(.cancelled)
        }
    }

    private enum Made {
        case success(S3Object)
        case failure(DeliveryOutcome)
    }

    private func wholeSegment(_ segment: DeliverySegment) -> Made {
        let upload: HTTPUpload
        do throws(HTTPUpload.Failure) {
            upload = try HTTPUpload(path: segment.file)
        } catch {
            return .failure(
                .notYet(
                    DeliveryTrouble(
                        "\(segment.file) can't be read: \(error)",
                        remedy: "Give the service's user access as a member of the spool's group"), retryAfter: nil))
        }
        guard upload.bytes == segment.bytes else {
            return .failure(
                .refused(
                    DeliveryTrouble(
                        "\(segment.path) has \(upload.bytes) bytes, the manifest says \(segment.bytes)",
                        remedy: "Check it with `tributary spool verify` and restore it")))
        }
        return .success(
            S3Object(
                path: segment.path, upload: upload, bytes: segment.bytes, sha256: segment.sha256,
                mediaType: Compression(fileName: segment.path)?.mediaType))
    }

    /// Tells an object of an earlier try from one of somebody else.
    private func recognize(
        _ object: S3Object, _ address: S3Address, _ credentials: AWSCredentials, _ clock: Int64?, host: String
    ) async -> DeliveryOutcome {
        let response: HTTPResponse
        do throws(TransportError) {
            response = try await send(request(.head, object, address, credentials, clock))
        } catch {
            return outcome(error)
        }
        switch S3Existing(response, of: object) {
        case .own: return .delivered(wasThere: true)
        case .foreign:
            return .refused(
                DeliveryTrouble(
                    "\(address.shown) has another object with the key \(address.key(object.path))",
                    remedy: "See where it is from and remove it; it is not what this spool holds"))
        case .gone:
            return .notYet(
                DeliveryTrouble(
                    "\(host) reported \(object.path) as present, but it is gone", remedy: "It is tried again"),
                retryAfter: nil)
        case .unknown(let status):
            return .notYet(
                DeliveryTrouble(
                    "\(host) has an object for \(object.path) and does not show it: \(status)",
                    remedy: "It is tried again; if it persists, allow the access key s3:GetObject"), retryAfter: nil)
        }
    }

    private func request(
        _ method: HTTPMethod, _ object: S3Object, _ address: S3Address, _ credentials: AWSCredentials,
        _ clock: Int64?
    ) -> HTTPRequest {
        var request = HTTPRequest(method, address.url(key: address.key(object.path)))
        if method == .put {
            if let type = object.mediaType { request.headers.append("Content-Type", type) }
            request.headers.append("If-None-Match", "*")
            request.headers.append("x-amz-content-sha256", object.sha256)
            if let segment = object.segmentSHA256 { request.headers.append("x-amz-meta-segment-sha256", segment) }
            request.headers.append("x-amz-meta-sha256", object.sha256)
            if let encryption = settings.encryption {
                request.headers.append("x-amz-server-side-encryption", encryption)
            }
        } else {
            request.headers.append("x-amz-content-sha256", Self.emptySHA256)
        }
        if let clock { request.headers.append("X-Amz-Date", Self.stamp(now() + clock)) }
        if let token = credentials.sessionToken { request.headers.append("x-amz-security-token", token) }
        request.signature = RequestSignature(
            region: address.region, service: "s3", keyID: credentials.keyID, secret: credentials.secret)
        request.addressName = "the destination's region or endpoint"
        request.limits = HTTPLimits(
            connect: .seconds(10), total: .seconds(60), stall: .seconds(60), bodyBytes: 256 << 10, headerBytes: 64 << 10
        )
        return request
    }

    private func send(_ request: HTTPRequest) async throws(TransportError) -> HTTPResponse {
        learned.withLock { $0.requests += 1 }
        return try await transport.send(request)
    }

    private func outcome(_ error: TransportError) -> DeliveryOutcome {
        switch error.kind {
        case .cancelled, .shutDown: .cancelled
        default:
            .notYet(DeliveryTrouble(error, addressName: "the destination's region or endpoint"), retryAfter: nil)
        }
    }

    private func learn(region: String) {
        let isNew = learned.withLock { learned in
            defer { learned.address.region = region }
            return learned.address.region != region
        }
        guard isNew else { return }
        logger.warning("the bucket \(settings.address.bucket) is in \(region); set the destination's region to it")
    }

    private func learn(clock: Int64) {
        learned.withLock { $0.clock = clock }
        logger.warning(
            "this host's clock differs from the store's by \(abs(clock) / 1000) s; requests are signed with the store's time; set this host's clock"
        )
    }

    /// Of nothing.
    private static let emptySHA256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

    /// `20261123T201530Z`, as `X-Amz-Date` has it.
    static func stamp(_ milliseconds: Int64) -> String {
        let text = CivilTime(milliseconds: milliseconds).rfc3339Seconds
        return text.filter { $0 != "-" && $0 != ":" }
    }
}
