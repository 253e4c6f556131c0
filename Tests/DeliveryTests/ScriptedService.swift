import CurlHTTPClient
import Foundation
import Synchronization

@testable import Delivery

/// A simulated server of one of the three kinds. It stores records by the rules of its kind, and fails as the test says. It takes the role of
/// the transport, so that a test sees each request completely.
final class ScriptedService: HTTPTransport {
    enum Kind: Sendable, CaseIterable { case elasticsearch, clickhouse, splunk }

    /// What happens to one request.
    struct Fault: Sendable {
        /// The answer; nil if none arrives.
        var response: HTTPResponse?
        /// Whether the records are stored before the answer.
        var isStored: Bool
    }

    private struct State {
        /// How often each record was stored, by its uid.
        var records: [String: Int] = [:]
        var tokens: Set<String> = []
        var requests: [HTTPRequest] = []
        var questions = 0
    }

    let kind: Kind
    private let largest: Int
    private let fault: @Sendable (Int, HTTPRequest) -> Fault?
    private let acknowledges: Bool
    private let state = Mutex(State())

    /// - Parameters:
    ///   - largest: the largest accepted body, in bytes. A larger body is answered with 413.
    ///   - acknowledges: whether records get acknowledgement ids. Every second query for an id answers that its records are durable.
    ///   - fault: returns the fault of the n-th request with records, counted from 1.
    init(
        _ kind: Kind, largest: Int = .max, acknowledges: Bool = false,
        fault: @escaping @Sendable (Int, HTTPRequest) -> Fault? = { _, _ in nil }
    ) {
        self.kind = kind
        self.largest = largest
        self.acknowledges = acknowledges
        self.fault = fault
    }

    var records: [String: Int] { state.withLock { $0.records } }
    var requests: [HTTPRequest] { state.withLock { $0.requests } }
    var questions: Int { state.withLock { $0.questions } }

    func send(_ request: HTTPRequest) async throws(TransportError) -> HTTPResponse {
        let answer = state.withLock { state -> HTTPResponse? in
            if request.url.hasSuffix("/ack") {
                state.questions += 1
                let isDurable = state.questions.isMultiple(of: 2)
                return HTTPResponse(status: 200, body: Array("{\"acks\":{\"7\":\(isDurable)}}".utf8))
            }
            state.requests.append(request)
            let body = request.body ?? []
            guard body.count <= largest else { return HTTPResponse(status: 413) }
            if let fault = fault(state.requests.count, request) {
                if fault.isStored { _ = store(body, request, &state) }
                return fault.response
            }
            return store(body, request, &state)
        }
        guard let answer else { throw TransportError(.interrupted, host: "server.example", detail: "as told") }
        return answer
    }

    private func store(_ body: [UInt8], _ request: HTTPRequest, _ state: inout State) -> HTTPResponse {
        let lines = body.split(separator: 0x0A).map { String(decoding: $0, as: UTF8.self) }
        switch kind {
        case .elasticsearch:
            var items: [String] = []
            for (action, record) in zip(
                stride(from: 0, to: lines.count, by: 2), stride(from: 1, to: lines.count, by: 2))
            {
                let id = lines[action].firstMatch(of: /"_id":"([^"]+)"/).map { String($0.1) } ?? ""
                precondition(lines[record].contains("\"uid\":\"\(id)\""))
                let isNew = state.records[id] == nil
                if isNew { state.records[id] = 1 }
                items.append("{\"create\":{\"status\":\(isNew ? 201 : 409)}}")
            }
            let errors = items.contains { $0.contains("409") }
            return HTTPResponse(
                status: 200, body: Array("{\"errors\":\(errors),\"items\":[\(items.joined(separator: ","))]}".utf8))
        case .clickhouse:
            let token = request.url.firstMatch(of: /insert_deduplication_token=([^&]+)/).map { String($0.1) } ?? ""
            if state.tokens.insert(token).inserted { count(lines, &state) }
            return HTTPResponse(status: 200, headers: HTTPHeaders([.init("X-ClickHouse-Query-Id", "q")]))
        case .splunk:
            count(lines, &state)
            let ticket = acknowledges ? ",\"ackId\":7" : ""
            return HTTPResponse(status: 200, body: Array("{\"text\":\"Success\",\"code\":0\(ticket)}".utf8))
        }
    }

    private func count(_ lines: [String], _ state: inout State) {
        for line in lines {
            let uid = line.firstMatch(of: /"uid":"([^"]+)"/).map { String($0.1) } ?? ""
            state.records[uid, default: 0] += 1
        }
    }
}
