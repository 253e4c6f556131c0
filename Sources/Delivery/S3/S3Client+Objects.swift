import CurlHTTPClient
import Spool
import Time

/// Why a call to a bucket failed.
package struct S3Problem: Error, Sendable, Equatable, CustomStringConvertible {
    package var trouble: DeliveryTrouble
    package var retryAfter: Duration?
    /// Whether the task was cancelled or the transport shut down.
    package var isCancelled = false
    /// True if the same call would fail again.
    package var isFinal = false

    package init(
        trouble: DeliveryTrouble, retryAfter: Duration? = nil, isCancelled: Bool = false, isFinal: Bool = false
    ) {
        self.trouble = trouble
        self.retryAfter = retryAfter
        self.isCancelled = isCancelled
        self.isFinal = isFinal
    }

    package var description: String { "\(trouble.message). \(trouble.remedy)" }

    static let cancelled = S3Problem(trouble: DeliveryTrouble("stopped", remedy: "Try again"), isCancelled: true)
}

/// The condition of a `PUT`.
package enum S3Condition: Sendable, Equatable {
    /// There is no object with this key.
    case isNew
    /// The object has this entity tag.
    case isUnchanged(String)
}

/// The result of a conditional `PUT`.
package enum S3Write: Sendable, Equatable {
    case stored(etag: String)
    /// The condition does not hold, so nothing was written.
    case refused
}

/// An object that was read.
package struct S3Read: Sendable, Equatable {
    package var bytes: [UInt8]
    package var etag: String
}

/// An object in a listing.
package struct S3Entry: Sendable, Equatable {
    /// The object's key without the prefix of the address.
    package var path: String
    package var bytes: Int64
    /// When the object was last written, by the store's clock, milliseconds since 1970.
    package var modified: Int64
}

/// A part of a bucket's listing, in the order of keys.
package struct S3Listing: Sendable, Equatable {
    package var entries: [S3Entry]
    package var isTruncated: Bool
}

extension S3Client {
    /// Reads an object or a part of it; `nil` if there is no such object.
    ///
    /// - Parameter limit: the maximum number of bytes. If there are more, the call fails.
    package func read(
        _ path: String, range: Range<Int64>? = nil, limit: Int = 1 << 20, within: Duration = .seconds(20)
    ) async throws(S3Problem) -> S3Read? {
        var call = S3Call(.get, path)
        if let range { call.headers.append("Range", "bytes=\(range.lowerBound)-\(range.upperBound - 1)") }
        call.answerBytes = limit
        call.limit = within
        let answer = try await answer(to: call)
        switch answer.response.status {
        case 200, 206:
            return S3Read(bytes: answer.response.body, etag: answer.response.headers.first("ETag") ?? "")
        case 404 where answer.code != "NoSuchBucket": return nil
        default: throw problem(answer, "read")
        }
    }

    /// Writes a small object if the condition holds.
    ///
    /// If this method throws a final error, the object was not written. After any other error, the object may have been written.
    package func write(
        _ path: String, _ body: [UInt8], if condition: S3Condition, headers: HTTPHeaders = HTTPHeaders(),
        within: Duration = .seconds(60)
    ) async throws(S3Problem) -> S3Write {
        var call = S3Call(.put, path)
        call.headers = headers
        call.body = body
        call.limit = within
        do throws(SpoolError) {
            call.sha256 = try FileDigest.sha256(of: body)
        } catch {
            throw S3Problem(
                trouble: DeliveryTrouble("\(error)", remedy: "Install libcrypto of OpenSSL 3"), isFinal: true)
        }
        return try await write(call, if: condition)
    }

    /// Writes a file as an object that must not exist yet. Errors have the same meaning as those of ``write(_:_:if:headers:within:)``.
    package func write(
        _ path: String, file: HTTPUpload, sha256: String, headers: HTTPHeaders = HTTPHeaders()
    ) async throws(S3Problem) -> S3Write {
        var call = S3Call(.put, path)
        call.headers = headers
        call.send(file, bytes: file.bytes, sha256: sha256)
        return try await write(call, if: .isNew)
    }

    private func write(_ call: S3Call, if condition: S3Condition) async throws(S3Problem) -> S3Write {
        var call = call
        switch condition {
        case .isNew: call.headers.append("If-None-Match", "*")
        case .isUnchanged(let etag): call.headers.append("If-Match", etag)
        }
        switch await perform(call) {
        case .stored(let answer): return .stored(etag: answer.response.headers.first("ETag") ?? "")
        case .exists: return .refused
        case .notYet(let trouble, let retryAfter, let answer):
            // If there is no object, Amazon S3 answers 404 to If-Match. This means that the condition does not hold.
            if case .isUnchanged = condition, answer?.response.status == 404, answer?.code != "NoSuchBucket" {
                return .refused
            }
            throw S3Problem(trouble: trouble, retryAfter: retryAfter)
        case .refused(let trouble): throw S3Problem(trouble: trouble, isFinal: true)
        case .cancelled: throw .cancelled
        }
    }

    package func exists(_ path: String) async throws(S3Problem) -> Bool { try await size(path) != nil }

    /// The size of an object, in bytes; `nil` if there is no such object.
    package func size(_ path: String) async throws(S3Problem) -> Int64? {
        let answer = try await answer(to: S3Call(.head, path))
        switch answer.response.status {
        case 200: return answer.response.headers.first("Content-Length").flatMap { Int64($0) } ?? 0
        case 404: return nil
        default: throw problem(answer, "read")
        }
    }

    /// Removes an object. Also succeeds if there is no such object.
    package func delete(_ path: String) async throws(S3Problem) {
        let answer = try await answer(to: S3Call(.delete, path))
        guard (200..<300).contains(answer.response.status) || answer.code == "NoSuchKey" else {
            throw problem(answer, "delete")
        }
    }

    /// Lists the objects whose path begins with `prefix`, in the order of their paths.
    ///
    /// - Parameters:
    ///   - after: lists only objects with a greater path.
    ///   - limit: the maximum number of objects, from 1 to 1,000.
    package func list(
        _ prefix: String, after: String? = nil, limit: Int = 1_000, within: Duration = .seconds(20)
    ) async throws(S3Problem) -> S3Listing {
        var call = S3Call(.get, prefix)
        call.isOfBucket = true
        // A listing of 1,000 objects with long keys takes less than half of this limit.
        call.answerBytes = 2 << 20
        call.limit = within
        let address = address
        call.query = [("list-type", "2"), ("max-keys", "\(limit)"), ("prefix", address.key(prefix))]
        if let after { call.query.append(("start-after", address.key(after))) }
        let answer = try await answer(to: call)
        guard answer.response.status == 200, answer.code == nil else { throw problem(answer, "list") }
        return S3Listing(answer.response.body, below: address.key(""))
    }

    private func answer(to call: S3Call) async throws(S3Problem) -> S3Answer {
        switch await perform(call) {
        case .stored(let answer), .exists(let answer), .notYet(_, _, let answer?): return answer
        case .notYet(let trouble, let retryAfter, nil): throw S3Problem(trouble: trouble, retryAfter: retryAfter)
        case .refused(let trouble): throw S3Problem(trouble: trouble, isFinal: true)
        case .cancelled: throw .cancelled
        }
    }

    private func problem(_ answer: S3Answer, _ verb: String) -> S3Problem {
        let address = address
        let said = answer.code.map { " (\($0.oneLine(limit: 60)))" } ?? ""
        return S3Problem(
            trouble: DeliveryTrouble(
                "can't \(verb) objects in \(address.shown): \(answer.host) answered with status \(answer.response.status)\(said)",
                remedy:
                    "If the status is 401 or 403, allow the access key to \(verb) these objects. Otherwise, check that the store works"
            ), retryAfter: RetryAfter.read(answer.response.headers, now: now()))
    }
}

extension S3Listing {
    /// Parses the XML answer to ListObjectsV2.
    init(_ document: [UInt8], below base: String) {
        entries = []
        isTruncated = XMLElement.text("IsTruncated", in: document) == "true"
        let end = Array("</Contents>".utf8)
        var rest = document[...]
        while let begin = rest.firstRange(of: Array("<Contents>".utf8)),
            let close = rest[begin.upperBound...].firstRange(of: end)
        {
            let part = Array(rest[begin.upperBound..<close.lowerBound])
            rest = rest[close.upperBound...]
            guard let key = XMLElement.text("Key", in: part), key.hasPrefix(base) else { continue }
            entries.append(
                S3Entry(
                    path: String(key.dropFirst(base.count)),
                    bytes: XMLElement.text("Size", in: part).flatMap { Int64($0) } ?? 0,
                    modified: XMLElement.text("LastModified", in: part)
                        .flatMap { CivilTime.milliseconds(rfc3339: $0) } ?? 0))
        }
    }
}
