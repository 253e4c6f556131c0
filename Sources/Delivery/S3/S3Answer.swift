import CurlHTTPClient
import Time

/// What a store's answer to a `PUT` of a segment means. A plain value.
enum S3Verdict: Sendable, Equatable {
    /// The object is durable.
    case stored
    /// There is an object with this key already (412).
    case exists
    /// The bucket is in this region.
    case otherRegion(String)
    /// The store's clock, in milliseconds ahead of this host's.
    case clock(Int64)
    /// The access key is not taken: another one may be.
    case keyRefused(DeliveryTrouble)
    case notYet(DeliveryTrouble, retryAfter: Duration?)
    /// The store won't take this very object.
    case refused(DeliveryTrouble)
}

/// Reads answers of S3 (https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html).
struct S3Answer: Sendable {
    let response: HTTPResponse
    let address: S3Address
    /// Host and port that answered.
    let host: String
    /// The code of the error document, such as `SlowDown`; `nil` without one.
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
        // An answer of 200 may hold an error, found while the object was being stored.
        if response.status == 200, code == nil {
            // S3 tells the entity tag of what it has stored. A login page on the way does not.
            guard response.headers.first("ETag") != nil else {
                return .notYet(
                    trouble(
                        "\(host) answered 200 and is not an S3 server: it gave no entity tag",
                        "Check the endpoint, the proxy, and whether this network has a login page"), retryAfter: nil)
            }
            return .stored
        }
        if let region = otherRegion { return .otherRegion(region) }
        switch (code ?? "", response.status) {
        case ("PreconditionFailed", _), (_, 412): return .exists
        case ("RequestTimeTooSkewed", _), ("RequestExpired", _):
            guard let date = response.headers.first("Date").flatMap({ UTCTime(httpDate: $0) }) else {
                return .notYet(
                    trouble("\(host) refuses this host's clock\(said)", "Set this host's clock"), retryAfter: nil)
            }
            return .clock(date.milliseconds - now)
        case ("ExpiredToken", _), ("InvalidToken", _), ("TokenRefreshRequired", _), ("InvalidAccessKeyId", _),
            ("InvalidClientTokenId", _), ("SignatureDoesNotMatch", _):
            return .keyRefused(
                trouble(
                    "\(host) does not take the access key\(said)",
                    "Check the access key, and for SignatureDoesNotMatch the region; a replaced key is used by itself"))
        case ("BadDigest", _), ("XAmzContentSHA256Mismatch", _), ("InvalidDigest", _):
            return .refused(
                trouble(
                    "\(path) is not what was sealed: \(host) got other bytes than the manifest names\(said)",
                    "Check it with `tributary spool verify` and restore it"))
        case ("EntityTooLarge", _), ("KeyTooLongError", _), ("InvalidObjectName", _), ("InvalidURI", _), (_, 413),
            (_, 414):
            return .refused(
                trouble(
                    "\(host) does not take \(path)\(said)",
                    "Lower spool.segment_max_bytes or shorten the prefix; or deliver this one by hand, "
                        + "stop this delivery, skip the segment with `tributary spool ack`, and start it again"))
        case ("NoSuchBucket", _), (_, 404):
            return .notYet(
                trouble(
                    "\(host) has no bucket \(address.bucket)\(said)",
                    "Make the bucket, or correct bucket, region or endpoint"),
                retryAfter: nil)
        case (_, 401), (_, 403):
            return .notYet(
                trouble(
                    "\(host) does not allow writing to \(address.shown)\(said)",
                    "Allow the access key s3:PutObject there; /usr/share/doc/tributary/delivery.md has the policy"),
                retryAfter: nil)
        case ("NotImplemented", _), (_, 501):
            return .notYet(
                trouble(
                    "\(host) does not know conditional writes\(said)",
                    "Use a store that knows If-None-Match with PUT; without it a repeat would store a segment twice"),
                retryAfter: nil)
        case (_, 409):
            return .notYet(
                trouble("\(host) has another write of \(path) under way\(said)", "It is tried again"),
                retryAfter: retryAfter(now))
        case ("RequestTimeout", _), (_, 408), (_, 429), (_, 500...599), (_, 200):
            return .notYet(
                trouble(
                    "\(host) can't store it now: \(response.status)\(said)", "It is tried again; see the store's status"
                ),
                retryAfter: retryAfter(now))
        case (_, 300..<400):
            return .notYet(
                trouble(
                    "\(host) redirects to another address\(said)",
                    "Correct region or endpoint; after a bucket was made this ends by itself within a day"),
                retryAfter: retryAfter(now))
        default:
            return .notYet(
                trouble("\(host) refuses the request: \(response.status)\(said)", "Correct the destination's settings"),
                retryAfter: retryAfter(now))
        }
    }

    /// The region that a bucket is in, where the answer says that it is another.
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

    /// ` (SlowDown: Please reduce your request rate.)`, empty without an error document.
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

/// What `HEAD` tells of an object whose key was taken.
enum S3Existing: Sendable, Equatable {
    /// An earlier try stored it.
    case own
    /// Something else has the key.
    case foreign
    /// It is not there after all.
    case gone
    /// That can't be told now.
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
        // Who may only write can't look. The key ends in 64 random bits of the segment's name: nobody else made it.
        case 401, 403: self = .own
        case 404: self = .gone
        default: self = .unknown(status: response.status)
        }
    }
}
