import Foundation
import NetworkFixtures
import Synchronization

/// A store with the part of S3 that deliveries use. It fails as the test says. A `PUT` with `If-None-Match: *` stores an object only once.
final class ScriptedStore: Sendable {
    /// What happens to a request.
    struct Fault: Sendable, CustomStringConvertible {
        enum Answer: Sendable {
            case status(Int, code: String?, headers: String)
            /// The connection ends without an answer.
            case nothing
            /// The connection ends in the middle of an answer with this status.
            case cut(Int)
        }

        enum Moment: String, Sendable, CaseIterable { case before, after }

        var answer: Answer
        /// Whether the fault occurs instead of storing the object, or after the object is stored.
        var moment: Moment

        var description: String { "\(answer) \(moment)" }

        fileprivate func reply(hasBody: Bool) -> LoopbackServer.Answer {
            switch answer {
            case .nothing: return .textThenClose("")
            case .cut(let status): return .textThenClose("HTTP/1.1 \(status) X\r\nETag: \"e\"\r\nContent-Le")
            case .status(let status, let code, let headers):
                let body = code.map { "<Error><Code>\($0)</Code><Message>as told</Message></Error>" } ?? ""
                return .text(
                    "HTTP/1.1 \(status) X\r\n\(headers)Content-Length: \(body.utf8.count)\r\n\r\n\(hasBody ? body : "")"
                )
            }
        }
    }

    private struct State {
        var objects: [String: String] = [:]
        var stored: [String: Int] = [:]
        var puts: [String: Int] = [:]
        var heads: [String: Int] = [:]
        var keys: Set<String> = []
    }

    let server: LoopbackServer
    private let state: Shared

    private final class Shared: Sendable {
        let value = Mutex(State())
    }

    /// - Parameters:
    ///   - onHead: returns the fault of the n-th `HEAD` for an object, counted from 1.
    ///   - fault: returns the fault of the n-th `PUT` for an object, counted from 1.
    init(
        onHead: @escaping @Sendable (_ attempt: Int) -> Fault? = { _ in nil },
        _ fault: @escaping @Sendable (_ attempt: Int, _ head: String) -> Fault?
    ) throws {
        let shared = Shared()
        state = shared
        server = try LoopbackServer { head in shared.value.withLock { Self.answer(head, &$0, onHead, fault) } }
    }

    /// How often each object was stored.
    var stored: [String: Int] { state.value.withLock { $0.stored } }
    var puts: Int { state.value.withLock { $0.puts.values.reduce(0, +) } }
    var heads: Int { state.value.withLock { $0.heads.values.reduce(0, +) } }
    /// The ids of the access keys that signed requests.
    var keys: Set<String> { state.value.withLock { $0.keys } }

    /// Stores an object of another program under this key.
    func occupy(_ key: String, sha256: String) { state.value.withLock { $0.objects[key] = sha256 } }

    private static func answer(
        _ head: String, _ state: inout State, _ onHead: (Int) -> Fault?, _ fault: (Int, String) -> Fault?
    ) -> LoopbackServer.Answer {
        let words = head.split(separator: " ")
        let key = words[1].split(separator: "/").dropFirst().joined(separator: "/").removingPercentEncoding ?? ""
        if let id = head.firstMatch(of: /Credential=([^\/]+)\//) { state.keys.insert(String(id.1)) }
        func header(_ name: String) -> String {
            head.split(separator: "\r\n").first { $0.lowercased().hasPrefix(name + ": ") }.map {
                String($0.dropFirst(name.count + 2))
            } ?? ""
        }
        if words[0] == "HEAD" {
            state.heads[key, default: 0] += 1
            if let fault = onHead(state.heads[key] ?? 0) { return fault.reply(hasBody: false) }
            guard let sha256 = state.objects[key] else { return .text("HTTP/1.1 404 X\r\nContent-Length: 0\r\n\r\n") }
            let length = sha256.split(separator: " ")[1]
            return .text(
                "HTTP/1.1 200 X\r\nETag: \"e\"\r\nx-amz-meta-sha256: \(sha256.split(separator: " ")[0])\r\nContent-Length: \(length)\r\n\r\n"
            )
        }
        state.puts[key, default: 0] += 1
        let fault = fault(state.puts[key] ?? 0, head)
        let facts = "\(header("x-amz-meta-sha256")) \(header("content-length"))"
        func store() -> Bool {
            guard state.objects[key] == nil, header("if-none-match") == "*" else { return false }
            state.objects[key] = facts
            state.stored[key, default: 0] += 1
            return true
        }
        if let fault {
            if fault.moment == .after { _ = store() }
            return fault.reply(hasBody: true)
        }
        return store()
            ? .answer("ETag: \"e\"", "")
            : .text(
                "HTTP/1.1 412 X\r\nContent-Length: 52\r\n\r\n<Error><Code>PreconditionFailed</Code>12345678</Error>")
    }
}
