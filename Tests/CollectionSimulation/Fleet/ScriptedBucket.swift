import CurlHTTPClient
import Spool
import Synchronization

/// A bucket in memory with the part of S3 that Tributary uses.
///
/// It is as strict as S3. An object is complete or missing, and a read sees all earlier writes. A write is refused if its condition is false, or
/// if its body does not have the SHA-256 that the request names.
///
/// A seed decides the faults: a request or its answer is lost, an error is returned, a write is carried out long after its sender has given up,
/// or the bucket is unavailable for some time.
final class ScriptedBucket: Sendable {
    /// A request that was sent, with its outcome.
    final class Exchange: Sendable {
        fileprivate enum End {
            case answer
            case error(TransportError.Kind)
            case response(HTTPResponse)
        }
        /// The time at which the answer arrives, in milliseconds since 1970.
        let answeredAt: Int64
        fileprivate let end: End
        fileprivate let carriedOut = Mutex<HTTPResponse?>(nil)

        fileprivate init(answeredAt: Int64, end: End) {
            self.answeredAt = answeredAt
            self.end = end
        }
    }

    /// What happens to a request.
    private enum Fate {
        case none
        /// The request is lost before it is carried out, or it is carried out and its answer is lost.
        case lostRequest, lostAnswer
        /// The sender gives up, and the request is carried out this many milliseconds later.
        case late(Int64)
        case error(status: Int, code: String, isCarriedOut: Bool)
    }

    private struct State {
        var objects = S3Objects()
        var random: SeededGenerator
        var isQuiet = false
        var requests = 0
        /// The time at which the latest of all writes is carried out, in milliseconds since 1970.
        var lastWrite: Int64 = 0
        var refusedDecisions = 0
    }

    static let address = "https://s3.example"
    static let name = "lake"
    private let scenario: Scenario
    private let time: SimulatedTime
    private let state: Mutex<State>

    init(_ scenario: Scenario, _ time: SimulatedTime) {
        self.scenario = scenario
        self.time = time
        state = Mutex(State(random: SeededGenerator(seed: scenario.seed ^ 0xB0C4)))
    }

    var requests: Int { state.withLock(\.requests) }
    /// The time from which on no write is pending, in milliseconds since 1970.
    var settledAt: Int64 { state.withLock(\.lastWrite) }
    var objects: S3Objects { state.withLock(\.objects) }
    /// How often a host tried to decide a seal that was already decided.
    var refusedDecisions: Int { state.withLock(\.refusedDecisions) }

    /// From now on every request is carried out and answered, so that the run can end.
    func behave() { state.withLock { $0.isQuiet = true } }

    /// Sends a request. After this call, its outcome does not depend on the sender, which may die or give up.
    func send(_ request: HTTPRequest) -> Exchange {
        let call = S3Request(request)
        return state.withLock { state in
            state.requests += 1
            var carriedOutAt = time.server + travel(&state)
            var answeredAt = carriedOutAt + travel(&state)
            let isDecision = call.key.contains("/seals/") && call.method == .put
            let fate = fate(isWrite: call.method == .put || call.method == .delete, isDecision: isDecision, &state)
            var end = Exchange.End.answer
            switch fate {
            case .none: break
            case .lostRequest, .lostAnswer, .late:
                answeredAt = time.server + Int64.random(in: 200...20_000, using: &state.random)
                end = .error([.timeout, .interrupted, .connect][Int.random(in: 0..<3, using: &state.random)])
                if case .late(let delay) = fate { carriedOutAt = answeredAt + delay }
            case .error(let status, let code, _):
                end = .response(S3Answers.error(status, code, call))
            }
            let exchange = Exchange(answeredAt: answeredAt, end: end)
            switch fate {
            case .lostRequest, .error(_, _, isCarriedOut: false): break
            default:
                if call.method == .put || call.method == .delete {
                    state.lastWrite = max(state.lastWrite, carriedOutAt)
                }
                time.schedule(at: carriedOutAt) { self.carryOut(call, exchange) }
            }
            return exchange
        }
    }

    /// Waits for the answer.
    func answer(to exchange: Exchange) async throws(TransportError) -> HTTPResponse {
        await time.wait(until: exchange.answeredAt)
        if Task.isCancelled { throw TransportError(.cancelled, host: Self.name, detail: "") }
        switch exchange.end {
        case .answer:
            guard let response = exchange.carriedOut.withLock(\.self) else {
                throw TransportError(.interrupted, host: Self.name, detail: "")
            }
            return response
        case .error(let kind): throw TransportError(kind, host: Self.name, detail: "")
        case .response(let response): return response
        }
    }

    private func carryOut(_ call: S3Request, _ exchange: Exchange) {
        let response = state.withLock { state in
            let response = state.objects.carryOut(call, now: time.server)
            if response.status == 412, call.key.contains("/seals/") { state.refusedDecisions += 1 }
            return response
        }
        exchange.carriedOut.withLock { $0 = response }
    }

    /// How long a message travels to or from the bucket, in milliseconds. Chosen at random.
    private func travel(_ state: inout State) -> Int64 {
        let isSlow = !state.isQuiet && Int.random(in: 0..<40, using: &state.random) == 0
        return Int64.random(in: isSlow ? 500...9_000 : 5...80, using: &state.random)
    }

    private func fate(isWrite: Bool, isDecision: Bool, _ state: inout State) -> Fate {
        guard !state.isQuiet else { return .none }
        if scenario.fleet?.outages.contains(where: { $0.contains(time.server) }) == true {
            return Bool.random(using: &state.random)
                ? .lostRequest : .error(status: 503, code: "SlowDown", isCarriedOut: false)
        }
        let late = (scenario.fleet?.lateWrites ?? 0) * (isDecision ? 5 : 1)
        if isWrite, Int.random(in: 0..<1000, using: &state.random) < late {
            let most: Int64 = [2_000, 60_000, 900_000, 7_200_000][Int.random(in: 0..<4, using: &state.random)]
            return .late(Int64.random(in: 0...most, using: &state.random))
        }
        let faults = (scenario.fleet?.bucketFaults ?? 0) * (isDecision ? 3 : 1)
        guard Int.random(in: 0..<1000, using: &state.random) < faults else { return .none }
        switch Int.random(in: 0..<6, using: &state.random) {
        case 0: return .lostRequest
        case 1, 2: return .lostAnswer
        case 3: return .error(status: 500, code: "InternalError", isCarriedOut: true)
        case 4: return .error(status: 503, code: "SlowDown", isCarriedOut: false)
        default: return .error(status: 409, code: "ConditionalRequestConflict", isCarriedOut: false)
        }
    }
}
