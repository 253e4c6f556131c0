import CurlHTTPClient
import Spool
import Time

/// The objects of a bucket, with the rules of S3.
struct S3Objects: Sendable {
    struct Object: Sendable {
        var bytes: [UInt8]
        var etag: String
        /// The time at which the object was written, in milliseconds since 1970.
        var modified: Int64
        /// The number of the write that stored the object. Later writes have larger numbers.
        var write: Int
    }

    private(set) var byKey: [String: Object] = [:]
    private var writes = 0

    mutating func carryOut(_ call: S3Request, now: Int64) -> HTTPResponse {
        guard call.isSigned else { return S3Answers.error(403, "AccessDenied", call) }
        guard (try? FileDigest.sha256(of: call.body)) == call.headers.first("x-amz-content-sha256") else {
            return S3Answers.error(400, "XAmzContentSHA256Mismatch", call)
        }
        if call.key.isEmpty { return list(call) }
        switch call.method {
        case .put: return put(call, now)
        case .get: return read(call)
        case .head:
            guard let object = byKey[call.key] else { return HTTPResponse(status: 404) }
            return S3Answers.object(object, [], status: 200, bytes: object.bytes.count)
        case .delete:
            byKey[call.key] = nil
            return HTTPResponse(status: 204)
        default: return S3Answers.error(405, "MethodNotAllowed", call)
        }
    }

    private mutating func put(_ call: S3Request, _ now: Int64) -> HTTPResponse {
        let present = byKey[call.key]
        if let condition = call.headers.first("If-None-Match") {
            guard condition == "*" else { return S3Answers.error(501, "NotImplemented", call) }
            if present != nil { return S3Answers.error(412, "PreconditionFailed", call) }
        }
        if let etag = call.headers.first("If-Match") {
            guard let present else { return S3Answers.error(404, "NoSuchKey", call) }
            if present.etag != etag { return S3Answers.error(412, "PreconditionFailed", call) }
        }
        writes += 1
        let digest = call.headers.first("x-amz-content-sha256") ?? ""
        let object = Object(bytes: call.body, etag: "\"\(digest.prefix(32))\"", modified: now, write: writes)
        byKey[call.key] = object
        return HTTPResponse(status: 200, headers: HTTPHeaders([.init("ETag", object.etag)]))
    }

    private func read(_ call: S3Request) -> HTTPResponse {
        guard let object = byKey[call.key] else { return S3Answers.error(404, "NoSuchKey", call) }
        guard let range = call.headers.first("Range") else {
            return S3Answers.object(object, object.bytes, status: 200, bytes: object.bytes.count)
        }
        let ends = range.dropFirst("bytes=".count).split(separator: "-").compactMap { Int($0) }
        guard range.hasPrefix("bytes="), ends.count == 2, ends[0] <= ends[1], ends[0] < object.bytes.count else {
            return S3Answers.error(416, "InvalidRange", call)
        }
        let part = Array(object.bytes[ends[0]...min(ends[1], object.bytes.count - 1)])
        return S3Answers.object(object, part, status: 206, bytes: part.count)
    }

    private func list(_ call: S3Request) -> HTTPResponse {
        let (prefix, after) = (call.query["prefix"] ?? "", call.query["start-after"] ?? "")
        guard call.method == .get, call.query["list-type"] == "2", let limit = Int(call.query["max-keys"] ?? "1000")
        else { return S3Answers.error(400, "InvalidArgument", call) }
        let keys = byKey.keys.filter { $0.hasPrefix(prefix) && $0 > after }.sorted()
        return S3Answers.listing(
            keys.prefix(min(limit, 1_000)).compactMap { key in byKey[key].map { (key, $0) } },
            isTruncated: keys.count > min(limit, 1_000), prefix: prefix, after: after, limit: limit)
    }
}

/// The parts of a request to a bucket.
struct S3Request: Sendable {
    var method: HTTPMethod
    /// The key of the object; empty for a request to the bucket itself.
    var key: String
    var query: [String: String]
    var headers: HTTPHeaders
    var body: [UInt8]
    var isSigned: Bool

    init(_ request: HTTPRequest) {
        method = request.method
        headers = request.headers
        isSigned = request.signature != nil
        let url = HTTPURL(request.url)
        key = Self.decoded((url?.path ?? "").dropFirst("/\(ScriptedBucket.name)/".count))
        query = [:]
        for pair in (url?.query ?? "").split(separator: "&") {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            if parts.count == 2 { query[String(parts[0])] = Self.decoded(parts[1]) }
        }
        body = request.body ?? []
        if let upload = request.upload {
            var bytes = [UInt8](repeating: 0, count: Int(upload.bytes))
            let count = bytes.withUnsafeMutableBytes { upload.read($0, at: 0) }
            body = Array(bytes.prefix(count))
        }
    }

    private static func decoded(_ text: Substring) -> String {
        var bytes: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%"), rest.count >= 2,
                let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16)
            {
                bytes.append(value)
                rest = rest.dropFirst(2)
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}

/// Answers in the form of S3 (https://docs.aws.amazon.com/AmazonS3/latest/API/Welcome.html).
enum S3Answers {
    static func error(_ status: Int, _ code: String, _ call: S3Request) -> HTTPResponse {
        // An answer to HEAD has no body.
        guard call.method != .head else { return HTTPResponse(status: status) }
        let text = """
            <?xml version="1.0" encoding="UTF-8"?>
            <Error><Code>\(code)</Code><Message>\(code)</Message><Key>\(escaped(call.key))</Key>\
            <RequestId>4442587FB7D0A2F9</RequestId><HostId>host</HostId></Error>
            """
        return HTTPResponse(
            status: status, headers: HTTPHeaders([.init("Content-Type", "application/xml")]), body: Array(text.utf8))
    }

    static func object(_ object: S3Objects.Object, _ body: [UInt8], status: Int, bytes: Int) -> HTTPResponse {
        HTTPResponse(
            status: status,
            headers: HTTPHeaders([.init("ETag", object.etag), .init("Content-Length", "\(bytes)")]), body: body)
    }

    static func listing(
        _ objects: [(String, S3Objects.Object)], isTruncated: Bool, prefix: String, after: String, limit: Int
    ) -> HTTPResponse {
        var text = """
            <?xml version="1.0" encoding="UTF-8"?>
            <ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>\(ScriptedBucket.name)</Name>\
            <Prefix>\(escaped(prefix))</Prefix><StartAfter>\(escaped(after))</StartAfter><KeyCount>\(objects.count)</KeyCount>\
            <MaxKeys>\(limit)</MaxKeys><IsTruncated>\(isTruncated)</IsTruncated>
            """
        for (key, object) in objects {
            text += """
                <Contents><Key>\(escaped(key))</Key><LastModified>\(UTCTime(milliseconds: object.modified).rfc3339)</LastModified>\
                <ETag>\(escaped(object.etag))</ETag><Size>\(object.bytes.count)</Size><StorageClass>STANDARD</StorageClass></Contents>
                """
        }
        text += "</ListBucketResult>"
        return HTTPResponse(
            status: 200, headers: HTTPHeaders([.init("Content-Type", "application/xml")]), body: Array(text.utf8))
    }

    private static func escaped(_ text: String) -> String {
        text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
            .replacing("\"", with: "&quot;")
    }
}
