import CurlHTTPClient
import FoundationEssentials
import Synchronization

/// Calls etcd through its JSON gateway. Tries one member after the other until one answers.
///
/// The member that answered the previous call is tried first. A call ends within half the lease's time to live, so that one member
/// that does not answer can't cause the loss of the lease.
final class EtcdClient: Sendable {
    /// The largest answer, in bytes. 10,000 keys of integrations take about 5 MB.
    static let maximumAnswer = 16 << 20

    private let transport: any HTTPTransport
    private let endpoints: [String]
    /// The time limit for a request to one member.
    private let requestLimit: Duration
    /// The time limit for a call, which may send requests to several members.
    private let callLimit: Duration
    private let state = Mutex((preferred: 0, requests: 0))

    /// - Parameters:
    ///   - endpoints: such as `https://etcd-1:2379`, without a path; at least one.
    ///   - ttl: the lease's time to live.
    init(transport: any HTTPTransport, endpoints: [String], ttl: Duration) {
        self.transport = transport
        self.endpoints = endpoints
        requestLimit = max(.milliseconds(400), min(ttl / 5, .seconds(2)))
        callLimit = ttl / 2
    }

    /// Requests sent so far.
    var requests: Int { state.withLock { $0.requests } }

    func transaction(_ transaction: EtcdTransaction) async throws(LeaseProblem) -> EtcdTransactionAnswer {
        try await call("kv/txn", transaction)
    }

    /// - Returns: the lease's id.
    func grant(seconds: Int64) async throws(LeaseProblem) -> Int64 {
        let answer: EtcdLeaseAnswer = try await call("lease/grant", ["TTL": String(seconds)])
        guard let id = answer.id?.value else {
            throw .unavailable("etcd did not grant a lease. If this persists, check etcd")
        }
        return id
    }

    /// - Throws: ``LeaseProblem/ended`` if there is no such lease.
    func keepAlive(_ lease: Int64) async throws(LeaseProblem) {
        let answer: EtcdKeepAliveAnswer = try await call("lease/keepalive", ["ID": String(lease)])
        guard let seconds = answer.result?.ttl?.value, seconds > 0 else { throw .ended }
    }

    /// Ends a lease and removes all its keys. Also succeeds if there is no such lease.
    func revoke(_ lease: Int64) async throws(LeaseProblem) {
        do throws(LeaseProblem) {
            let _: EtcdEmptyAnswer = try await call("lease/revoke", ["ID": String(lease)])
        } catch .ended {}
    }

    private func call<Answer: Decodable>(
        _ path: String, _ message: some Encodable
    ) async throws(LeaseProblem) -> Answer {
        guard let body = try? JSONEncoder().encode(message) else {
            throw .unavailable("a request to etcd can't be encoded")
        }
        let end = ContinuousClock.now + callLimit
        let first = state.withLock { $0.preferred }
        var problem = LeaseProblem.unavailable("no request was sent to any member of etcd. Check fleet.lease.endpoints")
        for offset in endpoints.indices {
            let index = (first + offset) % endpoints.count
            let left = ContinuousClock.now.duration(to: end)
            guard left > .milliseconds(50) else { break }
            do throws(LeaseProblem) {
                let answer: Answer = try await ask(
                    endpoints[index] + "/v3/" + path, Array(body), min(requestLimit, left))
                state.withLock { $0.preferred = index }
                return answer
            } catch {
                guard case .unavailable = error else { throw error }
                problem = error
                // The next call tries the next member first.
                state.withLock { $0.preferred = (index + 1) % endpoints.count }
            }
        }
        throw problem
    }

    private func ask<Answer: Decodable>(
        _ url: String, _ body: [UInt8], _ limit: Duration
    ) async throws(LeaseProblem) -> Answer {
        var request = HTTPRequest(
            .post, url, body: body,
            limits: HTTPLimits(connect: limit, total: limit, stall: .seconds(60), bodyBytes: Self.maximumAnswer))
        request.headers.append("Content-Type", "application/json")
        request.addressName = "fleet.lease.endpoints"
        state.withLock { $0.requests += 1 }
        let response: HTTPResponse
        do throws(TransportError) {
            response = try await transport.send(request)
        } catch {
            switch error.kind {
            case .cancelled, .shutDown: throw .cancelled
            default:
                throw .unavailable(
                    "\(error.summary). Check that etcd is running, and check fleet.lease.endpoints and the certificates in fleet.lease"
                )
            }
        }
        let host = HTTPURL(url)?.hostAndPort ?? "etcd"
        guard response.status == 200 else { throw Self.problem(response, host: host) }
        do {
            return try JSONDecoder().decode(Answer.self, from: Data(response.body))
        } catch {
            throw .unavailable("\(host) did not answer like an etcd server. Check fleet.lease.endpoints")
        }
    }

    /// The meaning of an answer with a status other than 200. The gateway passes on etcd's gRPC codes.
    private static func problem(_ response: HTTPResponse, host: String) -> LeaseProblem {
        let failure = try? JSONDecoder().decode(EtcdFailure.self, from: Data(response.body.prefix(64 << 10)))
        let words = (failure?.message ?? failure?.error).map { $0.oneLine(limit: 200) }
        switch failure?.code {
        case 5 where words?.contains("lease not found") ?? false: return .ended
        case 3 where words?.contains("user name is empty") ?? false, 7, 16:
            return .refused(
                "\(host) refuses the request (\(words ?? "no reason given")). Tributary can't authenticate to etcd as a user: "
                    + "disable etcd's user authentication, and authenticate hosts by client certificates")
        default:
            return .unavailable(
                "\(host) answers with status \(response.status)\(words.map { ": \($0)" } ?? ""). "
                    + "Check etcd with `etcdctl endpoint status --cluster`, and check fleet.lease.endpoints")
        }
    }
}
