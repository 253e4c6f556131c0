import ArgumentParser
import Digests
import FoundationEssentials
import Glibc
import Respond

/// The users of `--from`: one per line, or a JSON object per line with user, case and reason.
struct BatchFile {
    /// The maximum size of the file, in bytes.
    static let sizeLimit = 4 << 20
    /// The maximum number of lines that name a user.
    static let lineLimit = 10_000

    struct Line {
        /// The line number, from 1.
        var number: Int
        var user: String
        var caseID: String?
        var reason: String?
    }

    let lines: [Line]
    /// SHA-256 of the whole file, in hexadecimal.
    let digest: String

    /// - Parameter path: `-` is standard input.
    /// - Throws: exit code 66, 77, 74 or 64, before anything is done.
    init(_ path: String) throws(Responder.Failure) {
        let name = path == "-" ? "standard input" : path
        let descriptor = path == "-" ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            let code = errno
            throw Self.unreadable(name, code, code == EACCES ? ExitStatus.noPermission : ExitStatus.noInput)
        }
        defer { if path != "-" { close(descriptor) } }
        let bytes = try Self.read(descriptor, name)
        digest = Self.hexadecimal(of: bytes)
        var found: [Line] = []
        for (index, line) in bytes.split(separator: 0x0A, omittingEmptySubsequences: false).enumerated() {
            guard let text = String(validating: line, as: UTF8.self) else {
                throw Self.mistake(name, index + 1, "the line is not UTF-8")
            }
            let trimmed = text.withoutOuterSpace
            guard !trimmed.isEmpty, !trimmed.hasPrefix("#") else { continue }
            found.append(try Self.line(trimmed, index + 1, name))
        }
        guard !found.isEmpty else { throw .mistake("\(name) contains no users") }
        guard found.count <= Self.lineLimit else {
            throw .mistake(
                "\(name) contains \(found.count) users, but at most \(Self.lineLimit) are allowed: split the file")
        }
        lines = found
    }

    private struct JSONLine: Decodable {
        var user: String
        var `case`: String?
        var reason: String?
    }

    /// Decodes any value and ignores it, because only the names of an object's keys are needed.
    private struct AnyValue: Decodable {
        init(from decoder: any Decoder) {}
    }

    private static func line(_ text: String, _ number: Int, _ name: String) throws(Responder.Failure) -> Line {
        if text.unicodeScalars.first == "\u{FEFF}" {
            throw mistake(name, number, "the file begins with a byte-order mark: save the file as UTF-8 without one")
        }
        guard text.hasPrefix("{") else {
            if text.hasPrefix("[") {
                throw mistake(name, number, "the line begins a JSON array: write one user per line instead")
            }
            if text.contains(",") {
                throw mistake(
                    name, number, "the line contains a comma: write one user per line, or one JSON object per line")
            }
            if text.unicodeScalars.contains(where: { $0.properties.generalCategory == .control }) {
                throw mistake(name, number, "the line contains a control character")
            }
            return Line(number: number, user: text)
        }
        let data = Data(text.utf8)
        guard let line = try? JSONDecoder().decode(JSONLine.self, from: data) else {
            throw mistake(
                name, number, "the line is not a JSON object with the key user (and, if needed, case and reason)")
        }
        let keys = (try? JSONDecoder().decode([String: AnyValue].self, from: data))?.keys.sorted() ?? []
        if let unknown = keys.first(where: { !["user", "case", "reason"].contains($0) }) {
            throw mistake(name, number, "the key “\(unknown)” is unknown: use only the keys user, case and reason")
        }
        return Line(
            number: number, user: line.user.withoutOuterSpace, caseID: line.case?.withoutOuterSpace,
            reason: line.reason)
    }

    private static func mistake(_ name: String, _ number: Int, _ words: String) -> Responder.Failure {
        .mistake("\(name), line \(number): \(words). Nothing was done".printable)
    }

    private static func unreadable(_ name: String, _ code: Int32, _ status: ExitCode) -> Responder.Failure {
        Responder.Failure(
            code: "unreadable-file",
            message: "\(name): \(String(cString: strerror(code))). Nothing was done".printable, status: status)
    }

    private static func read(_ descriptor: Int32, _ name: String) throws(Responder.Failure) -> [UInt8] {
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let count = Glibc.read(descriptor, &chunk, chunk.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else {
                throw unreadable(name, errno, ExitStatus.inputOutput)
            }
            guard count > 0 else { return bytes }
            bytes += chunk[..<count]
            guard bytes.count <= sizeLimit else {
                throw .mistake("\(name) is larger than 4 MiB: split the file. Nothing was done")
            }
        }
    }

    // MARK: Keys

    /// The idempotency key of a line. A repeated run of the same command sends the same keys, so no line is carried out twice.
    func key(of request: ResponseRequest) -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        let options = (try? encoder.encode(request.options)).map { String(decoding: $0, as: UTF8.self) } ?? ""
        let parts = [
            request.integration, request.action.rawValue, options, request.caseID, request.user.lowercased(), digest,
        ]
        return "batch-" + Self.hexadecimal(of: Array(parts.joined(separator: "\u{0}").utf8))
    }

    private static func hexadecimal(of bytes: [UInt8]) -> String {
        guard let sha = SHA256Digest(), sha.start(), bytes.withUnsafeBytes({ sha.update($0) }),
            let digest = sha.finish()
        else {
            // This does not happen in practice, because a libcrypto without SHA-256 would have no TLS, either.
            return "none"
        }
        return digest.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
}

extension String {
    /// The text without white space at both ends, including unusual white space that comes from copying text.
    var withoutOuterSpace: String {
        let text = drop(while: \.isWhitespace)
        return String(text.reversed().drop(while: \.isWhitespace).reversed())
    }
}
