import CommandHints
import CurlHTTPClient
import Time

/// The meaning of a store's answer. A plain value.
enum S3Verdict: Sendable, Equatable {
    /// Status 200 with an entity tag. After a `PUT`, the object is durable.
    case stored
    /// A condition of the request does not hold (412). After a `PUT` with `If-None-Match: *`, this means that there is already an object with this
    /// key.
    case exists
    /// The bucket is in this region, not in the one for which the request was signed.
    case otherRegion(String)
    /// The clocks differ too much; the value is the store's time minus this host's, in milliseconds.
    case clock(Int64)
    /// The store refuses the access key, but may accept a new key.
    case keyRefused(DeliveryTrouble)
    case notYet(DeliveryTrouble, retryAfter: Duration?)
    /// The store refuses this particular object.
    case refused(DeliveryTrouble)
}

/// Interprets answers of S3 (https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html).
struct S3Answer: Sendable {
    let response: HTTPResponse
    let address: S3Address
    /// The host and port that answered.
    let host: String
    /// The code of the error document, such as `SlowDown`; `nil` if the answer has no error document.
    let code: String?

    init(_ response: HTTPResponse, from address: S3Address, host: String) {
        self.response = response
        self.address = address
        self.host = host
        let isError = response.body.firstRange(of: Array("<Error>".utf8)) != nil
        code = isError ? XMLElement.text("Code", in: response.body) ?? "an error without a code" : nil
    }

    /// - Parameter now: this host's wall clock, milliseconds since 1970.
    func verdict(path: String, now: Int64) -> S3Verdict {
        // An answer with status 200 may contain an error that occurred while the object was being stored.
        if response.status == 200, code == nil {
            // S3 returns the entity tag of the stored object. A login page of the network does not.
            if response.headers.first("ETag") != nil { return .stored }
            return notYet(
                "\(host) answered 200 without an entity tag, so it is not an S3 server",
                "Check the endpoint, the proxy, and whether this network has a login page")
        }
        if let region = otherRegion { return .otherRegion(region) }
        return failure(path: path, now: now)
    }

    /// The meaning of an answer that is an error. The function is long because it is the table of all errors.
    private func failure(path: String, now: Int64) -> S3Verdict {
        switch (code ?? "", response.status) {
        case ("PreconditionFailed", _), (_, 412): return .exists
        case ("RequestTimeTooSkewed", _), ("RequestExpired", _):
            guard let date = response.headers.first("Date").flatMap({ UTCTime(httpDate: $0) }) else {
                return notYet(
                    "\(host) refuses the request because this host's clock is wrong\(said)", "Set this host's clock")
            }
            return .clock(date.milliseconds - now)
        case ("ExpiredToken", _), ("InvalidToken", _), ("TokenRefreshRequired", _), ("InvalidAccessKeyId", _),
            ("InvalidClientTokenId", _), ("SignatureDoesNotMatch", _):
            return .keyRefused(
                trouble(
                    "\(host) does not accept the access key\(said)",
                    "Check the access key. For SignatureDoesNotMatch, also check the region. If you replace the key, the new one is used automatically"
                ))
        case ("BadDigest", _), ("XAmzContentSHA256Mismatch", _), ("InvalidDigest", _):
            return .refused(
                trouble(
                    "\(path) differs from the segment that was sealed: \(host) received bytes that do not match the manifest\(said)",
                    DeliveryTrouble.damageRemedy))
        case ("EntityTooLarge", _), ("KeyTooLongError", _), ("InvalidObjectName", _), ("InvalidURI", _), (_, 413),
            (_, 414):
            return .refused(
                trouble(
                    "\(host) does not accept \(path)\(said)",
                    "Lower spool.segment_max_bytes or shorten the prefix. Or deliver this segment by hand: "
                        + "stop this delivery, upload the segment, skip it with `\(CommandHint.command("spool ack"))`, and start the delivery again"
                ))
        case ("NoSuchBucket", _), (_, 404):
            return notYet(
                "\(host) has no bucket \(address.bucket)\(said)",
                "Create the bucket, or correct the setting “bucket”, “region” or “endpoint”")
        case (_, 401), (_, 403):
            return notYet(
                "\(host) does not allow writing to \(address.shown)\(said)",
                "Grant s3:PutObject to the access key; /usr/share/doc/tributary/delivery.md has the policy")
        case ("NotImplemented", _), (_, 501):
            return notYet(
                "\(host) does not support conditional writes\(said)",
                "Use a store that supports If-None-Match with PUT; this store can store a segment twice")
        case (_, 409):
            return notYet(
                "\(host) is processing another write of \(path)\(said)", "Tributary retries",
                retryAfter: retryAfter(now))
        case ("RequestTimeout", _), (_, 408), (_, 429), (_, 500...599), (_, 200):
            return notYet(
                "\(host) can't store the object now: \(response.status)\(said)",
                "Tributary retries; check that the store works",
                retryAfter: retryAfter(now))
        case (_, 300..<400):
            return notYet(
                "\(host) redirects to another address\(said)",
                "Correct the region or the endpoint; if the bucket is new, the redirects stop within a day",
                retryAfter: retryAfter(now))
        default:
            return notYet(
                "\(host) refuses the request: \(response.status)\(said)",
                "Correct Tributary's settings for this bucket",
                retryAfter: retryAfter(now))
        }
    }

    private func notYet(_ message: String, _ remedy: String, retryAfter: Duration? = nil) -> S3Verdict {
        .notYet(trouble(message, remedy), retryAfter: retryAfter)
    }

    /// The bucket's actual region, if the answer says that the bucket is in another region.
    private var otherRegion: String? {
        guard code != nil || (300..<400).contains(response.status) || response.status == 400 else { return nil }
        let isAbout = code == "AuthorizationHeaderMalformed" || code == "PermanentRedirect" || response.status == 301
        guard isAbout else { return nil }
        let named =
            response.headers.first("x-amz-bucket-region") ?? XMLElement.text("Region", in: response.body) ?? ""
        guard (1...40).contains(named.utf8.count), named != address.region,
            named.utf8.allSatisfy({ (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || $0 == 0x2D })
        else { return nil }
        return named
    }

    /// The store's message, such as ` (SlowDown: Please reduce your request rate.)`; empty without an error document.
    private var said: String {
        guard let code else { return "" }
        let message = XMLElement.text("Message", in: response.body) ?? ""
        return " (\(code.oneLine(limit: 60))\(message.isEmpty ? "" : ": \(message.oneLine(limit: 120))"))"
    }

    private func retryAfter(_ now: Int64) -> Duration? { RetryAfter.read(response.headers, now: now) }

    private func trouble(_ message: String, _ remedy: String) -> DeliveryTrouble {
        DeliveryTrouble(message, remedy: remedy)
    }
}

/// What a `HEAD` request shows about an existing object, after a `PUT` was refused because an object already has the key.
enum S3Existing: Sendable, Equatable {
    /// The object is the one to be stored: an earlier attempt has stored it.
    case own
    /// Another object has the key.
    case foreign
    /// The object no longer exists.
    case gone
    /// The answer does not say what the object is.
    case unknown(status: Int)

    init(_ response: HTTPResponse, of object: S3Object) {
        switch response.status {
        case 200:
            let isSame =
                if let segment = object.segmentSHA256 {
                    response.headers.first("x-amz-meta-segment-sha256") == segment
                } else {
                    response.headers.first("Content-Length") == "\(object.bytes)"
                        && response.headers.first("x-amz-meta-sha256") == object.sha256
                }
            self = isSame ? .own : .foreign
        // The access key may only write, so the existing object can't be read. The object's key contains the 64 random bits of the segment's name, so
        // only an earlier attempt can have stored it.
        case 401, 403: self = .own
        case 404: self = .gone
        default: self = .unknown(status: response.status)
        }
    }
}
