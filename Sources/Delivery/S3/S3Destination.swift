import CommandHints
import Configuration
import CurlHTTPClient
import Logging
import Spool
import Time

/// A bucket of a store with an S3 API. Each segment becomes an object. The object's key is the segment's path, or for a Parquet file a path that is
/// derived from it.
///
/// - `If-None-Match: *` stores an object only once: a repeat gets status 412 and triggers no second event notification of the bucket.
/// - If a segment is stored as it is, not as Parquet, the manifest's SHA-256 is the signed payload hash. So the store verifies the bytes, and this
///   process reads them only once.
/// - There is no multipart upload, because a segment fits into the 5 GB of one request. So no unfinished upload can remain at the store.
package final class S3Destination: Destination {
    /// Settings for all requests.
    package struct Settings: Sendable {
        package var address: S3Address
        /// The value of `x-amz-server-side-encryption`; `nil` for the bucket's default.
        package var encryption: String?
        package var form: S3Form

        package init(address: S3Address, encryption: String?, form: S3Form = .segments) {
            self.address = address
            self.encryption = encryption
            self.form = form
        }
    }

    private let settings: Settings
    private let client: S3Client

    /// - Parameter now: the wall clock, milliseconds since 1970.
    package convenience init(
        _ settings: Settings, transport: any HTTPTransport, credentials: any AWSCredentialSource, logger: Logger,
        now: @escaping @Sendable () -> Int64 = { UTCTime.now().milliseconds }
    ) {
        self.init(
            settings,
            S3Client(
                settings.address, settingsName: "the destination", transport: transport, credentials: credentials,
                logger: logger, now: now))
    }

    /// - Parameter client: a client of the bucket that the settings name.
    package init(_ settings: Settings, _ client: S3Client) {
        self.settings = settings
        self.client = client
    }

    package var guarantee: DeliveryGuarantee { .exactlyOnce }
    package var place: String { settings.address.shown }
    package var requests: Int { client.requests }

    package func deliver(_ segment: DeliverySegment) async -> DeliveryOutcome {
        let object: S3Object
        switch await self.object(of: segment) {
        case .success(let made): object = made
        case .failure(let outcome): return outcome
        }
        switch await client.perform(put(object)) {
        case .stored: return .delivered(wasThere: false)
        case .exists(let answer): return await recognize(object, host: answer.host)
        case .refused(let trouble): return .refused(trouble)
        case .notYet(let trouble, let retryAfter, _): return .notYet(trouble, retryAfter: retryAfter)
        case .cancelled: return .cancelled
        }
    }

    /// Tries to store a small object twice, and then removes it. The store must refuse the second write: a store that ignores `If-None-Match` could
    /// store a segment twice.
    ///
    /// The function is long because it contains all steps of the test, in their order.
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
        do throws(AWSCredentialProblem) {
            let credentials = try await client.credentials()
            if case .parquet = settings.form { steps.append(DestinationStep("parquet", "Python has pyarrow")) }
            steps.append(
                DestinationStep(
                    "access key", "available" + (credentials.expires == nil ? "" : ", renewed automatically"))
            )
        } catch {
            return [DestinationStep("access key", error.trouble)]
        }
        var isOnce = false
        for attempt in 0..<2 {
            var call = put(probe)
            call.body = body
            let result = await client.perform(call)
            if attempt == 0 { steps += notes() }
            switch result {
            case .stored: isOnce = false
            case .exists: isOnce = attempt == 1
            case .refused(let trouble), .notYet(let trouble, _, _): return steps + [DestinationStep("store", trouble)]
            case .cancelled: return steps + [DestinationStep("store", "stopped", remedy: "Try again")]
            }
        }
        steps.append(DestinationStep("store", "\(place) accepts objects"))
        steps.append(
            isOnce
                ? DestinationStep("once", "a second object with the same key is refused")
                : DestinationStep(
                    "once", "the store ignores If-None-Match",
                    remedy: "Use a store that supports If-None-Match; this store can store a segment twice"))
        var isRemoved = false
        do throws(S3Problem) {
            try await client.delete(probe.path)
            isRemoved = true
        } catch {}
        steps.append(
            DestinationStep(
                "clean up",
                isRemoved
                    ? "the test object was removed"
                    : "the test object can't be deleted, so \(client.address.key(probe.path)) remains in the bucket"))
        return steps
    }

    /// Steps that report the settings that the store's answers have corrected.
    private func notes() -> [DestinationStep] {
        var steps: [DestinationStep] = []
        let region = client.address.region
        if region != settings.address.region {
            steps.append(
                DestinationStep(
                    "region", "the bucket is in \(region)", remedy: "Set the destination's region to \(region)"))
        }
        if let offset = client.clockOffset {
            steps.append(
                DestinationStep(
                    "clock", "this host's clock differs from the store's by \(abs(offset) / 1000) s",
                    remedy: "Set this host's clock"))
        }
        return steps
    }

    /// Makes the object for a segment. Converts the segment if the destination stores Parquet files.
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
                        "Amazon Security Lake requires a class and a date, but \(segment.path) lacks one of them",
                        remedy: "Skip the segment with `\(CommandHint.command("spool ack"))`")))
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
                        remedy: "Make the service's user a member of the spool's group"), retryAfter: nil))
        }
        guard upload.bytes == segment.bytes else {
            return .failure(
                .refused(
                    DeliveryTrouble(
                        "\(segment.path) has \(upload.bytes) bytes, but \(segment.bytes) according to the manifest",
                        remedy: DeliveryTrouble.damageRemedy)))
        }
        return .success(
            S3Object(
                path: segment.path, upload: upload, bytes: segment.bytes, sha256: segment.sha256,
                mediaType: Compression(fileName: segment.path)?.mediaType))
    }

    /// Determines whether an existing object is from an earlier attempt or is a different object.
    private func recognize(_ object: S3Object, host: String) async -> DeliveryOutcome {
        let response: HTTPResponse
        switch await client.perform(S3Call(.head, object.path)) {
        case .stored(let answer), .exists(let answer), .notYet(_, _, let answer?): response = answer.response
        case .notYet(let trouble, let retryAfter, nil): return .notYet(trouble, retryAfter: retryAfter)
        case .refused(let trouble): return .refused(trouble)
        case .cancelled: return .cancelled
        }
        switch S3Existing(response, of: object) {
        case .own: return .delivered(wasThere: true)
        case .foreign:
            let address = client.address
            return .refused(
                DeliveryTrouble(
                    "\(address.shown) already has a different object with the key \(address.key(object.path))",
                    remedy: "Find out who wrote this object, and remove it; its content differs from the segment's"))
        case .gone:
            return .notYet(
                DeliveryTrouble(
                    "\(host) reported \(object.path) as present, but it is missing", remedy: "Tributary retries"),
                retryAfter: nil)
        case .unknown(let status):
            return .notYet(
                DeliveryTrouble(
                    "\(host) has an object for \(object.path), but reading it failed with status \(status)",
                    remedy: "Tributary retries; if the problem persists, grant s3:GetObject to the access key"),
                retryAfter: nil)
        }
    }

    private func put(_ object: S3Object) -> S3Call {
        var call = S3Call(.put, object.path)
        if let type = object.mediaType { call.headers.append("Content-Type", type) }
        call.headers.append("If-None-Match", "*")
        if let segment = object.segmentSHA256 { call.headers.append("x-amz-meta-segment-sha256", segment) }
        call.headers.append("x-amz-meta-sha256", object.sha256)
        if let encryption = settings.encryption {
            call.headers.append("x-amz-server-side-encryption", encryption)
        }
        call.send(object.upload, bytes: object.bytes, sha256: object.sha256)
        return call
    }
}
