import CurlHTTPClient
import Testing

@testable import Delivery

@Suite("The answers of a store")
struct S3AnswerTests {
    private static let address = S3Address(
        bucket: "lake", prefix: nil, endpoint: nil, isPathStyle: nil, region: "eu-central-1")

    enum Kind: Equatable { case stored, exists, region(String), clock(Int64), key, later, refused }

    struct Row: Sendable, CustomTestStringConvertible {
        var status: Int
        var headers: [HTTPHeaders.Line] = []
        var code: String?
        var extra = ""
        var kind: Kind
        var says = ""

        var testDescription: String { "\(status) \(code ?? "")" }
    }

    static let rows: [Row] = [
        Row(status: 200, headers: [.init("ETag", "\"x\"")], kind: .stored),
        Row(status: 200, kind: .later, says: "not an S3 server"),
        Row(status: 200, headers: [.init("ETag", "\"x\"")], code: "InternalError", kind: .later, says: "InternalError"),
        Row(status: 200, headers: [.init("ETag", "\"x\"")], code: "SlowDown", kind: .later),
        Row(status: 412, code: "PreconditionFailed", kind: .exists),
        Row(status: 412, kind: .exists),
        Row(status: 409, code: "ConditionalRequestConflict", kind: .later, says: "another write"),
        Row(status: 503, code: "SlowDown", kind: .later, says: "503"),
        Row(status: 500, kind: .later), Row(status: 502, kind: .later), Row(status: 504, kind: .later),
        Row(status: 429, kind: .later),
        Row(status: 400, code: "RequestTimeout", kind: .later, says: "can't store the object now"),
        Row(status: 408, kind: .later, says: "can't store the object now"),
        Row(status: 403, code: "AccessDenied", kind: .later, says: "does not allow"),
        Row(status: 401, kind: .later, says: "does not allow"),
        Row(status: 403, code: "SignatureDoesNotMatch", kind: .key, says: "access key"),
        Row(status: 403, code: "InvalidAccessKeyId", kind: .key),
        Row(status: 400, code: "ExpiredToken", kind: .key),
        Row(
            status: 403, headers: [.init("Date", "Thu, 01 Jan 1970 00:20:00 GMT")], code: "RequestTimeTooSkewed",
            kind: .clock(200_000)),
        Row(status: 403, code: "RequestTimeTooSkewed", kind: .later, says: "clock"),
        Row(status: 301, headers: [.init("x-amz-bucket-region", "us-west-2")], kind: .region("us-west-2")),
        Row(status: 301, code: "PermanentRedirect", kind: .later, says: "redirects"),
        Row(
            status: 400, code: "AuthorizationHeaderMalformed", extra: "<Region>eu-west-1</Region>",
            kind: .region("eu-west-1")),
        Row(status: 400, code: "AuthorizationHeaderMalformed", extra: "<Region>a/../b</Region>", kind: .later),
        Row(status: 307, code: "TemporaryRedirect", kind: .later, says: "redirects"),
        Row(status: 404, code: "NoSuchBucket", kind: .later, says: "no bucket lake"),
        Row(status: 501, code: "NotImplemented", kind: .later, says: "conditional writes"),
        Row(status: 400, code: "BadDigest", kind: .refused, says: "differs from the segment that was sealed"),
        Row(status: 400, code: "XAmzContentSHA256Mismatch", kind: .refused),
        Row(status: 400, code: "EntityTooLarge", kind: .refused),
        Row(status: 413, kind: .refused),
        Row(status: 400, code: "InvalidArgument", kind: .later, says: "InvalidArgument"),
        Row(status: 405, code: "MethodNotAllowed", kind: .later),
    ]

    @Test(
        "each answer of a store has the right meaning, for example stored, try later, wrong key, or refused",
        arguments: rows)
    func verdicts(_ row: Row) {
        var body = ""
        if let code = row.code {
            body =
                "<?xml version=\"1.0\"?>\n<Error><Code>\(code)</Code><Message>why &amp; how</Message>\(row.extra)</Error>"
        }
        let response = HTTPResponse(status: row.status, headers: HTTPHeaders(row.headers), body: Array(body.utf8))
        let verdict = S3Answer(response, from: Self.address, host: "s3.example.com").verdict(
            path: "p/x", now: 1_000_000)
        var words = ""
        let kind: Kind
        switch verdict {
        case .stored: kind = .stored
        case .exists: kind = .exists
        case .otherRegion(let region): kind = .region(region)
        case .clock(let offset): kind = .clock(offset)
        case .keyRefused(let trouble): (kind, words) = (.key, trouble.message)
        case .notYet(let trouble, _): (kind, words) = (.later, trouble.message)
        case .refused(let trouble): (kind, words) = (.refused, trouble.message)
        }
        #expect(kind == row.kind)
        #expect(row.says.isEmpty || words.contains(row.says))
        if let code = row.code, !words.isEmpty { #expect(words.contains("(\(code): why & how)")) }
    }

    @Test("Retry-After is read in seconds and as a time")
    func retryAfter() {
        for (text, expected) in [("7", Duration.seconds(7)), ("Thu, 01 Jan 1970 00:17:00 GMT", .seconds(20))] {
            let response = HTTPResponse(status: 503, headers: HTTPHeaders([.init("Retry-After", text)]))
            let verdict = S3Answer(response, from: Self.address, host: "h").verdict(path: "p", now: 1_000_000)
            guard case .notYet(_, let wait) = verdict else {
                Issue.record("\(verdict)")
                continue
            }
            #expect(wait == expected)
        }
    }

    @Test(
        "an existing object is recognized as our own by size and digest; if reading is forbidden, the key is sufficient"
    )
    func existing() {
        func look(_ status: Int, _ length: String, _ sha256: String) -> S3Existing {
            S3Existing(
                HTTPResponse(
                    status: status,
                    headers: HTTPHeaders([.init("Content-Length", length), .init("x-amz-meta-sha256", sha256)])),
                of: S3Object(path: "p", bytes: 5, sha256: "aa"))
        }
        #expect(look(200, "5", "aa") == .own)
        #expect(look(200, "6", "aa") == .foreign)
        #expect(look(200, "5", "bb") == .foreign)
        #expect(look(403, "", "") == .own)
        #expect(look(404, "", "") == .gone)
        #expect(look(503, "", "") == .unknown(status: 503))
    }

    @Test(
        "for Amazon the host name contains the bucket, for other stores the path does; keys are percent-encoded"
    )
    func addresses() {
        let path = "integration=acme/class=a b/x+é.ndjson.zst"
        let encoded = "integration%3Dacme/class%3Da%20b/x%2B%C3%A9.ndjson.zst"
        func url(_ bucket: String, _ endpoint: String?, _ pathStyle: Bool?, _ region: String?, _ prefix: String? = nil)
            -> String
        {
            let address = S3Address(
                bucket: bucket, prefix: prefix, endpoint: endpoint, isPathStyle: pathStyle, region: region)
            return address.url(key: address.key(path))
        }
        #expect(url("lake", nil, nil, "eu-central-1") == "https://lake.s3.eu-central-1.amazonaws.com/\(encoded)")
        #expect(url("lake", nil, nil, "cn-north-1") == "https://lake.s3.cn-north-1.amazonaws.com.cn/\(encoded)")
        #expect(url("la.ke", nil, nil, "us-east-1") == "https://s3.us-east-1.amazonaws.com/la.ke/\(encoded)")
        #expect(url("lake", nil, true, "us-east-1") == "https://s3.us-east-1.amazonaws.com/lake/\(encoded)")
        #expect(
            url("lake", "https://s3.example:9000", nil, nil, "a/b") == "https://s3.example:9000/lake/a/b/\(encoded)")
        #expect(url("lake", "https://s3.example", false, nil) == "https://lake.s3.example/\(encoded)")
    }
}
