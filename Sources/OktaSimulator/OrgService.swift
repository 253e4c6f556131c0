import Foundation
import Synchronization

/// Answers requests as an Okta org does. One lock protects the state. Pages are rendered without holding the lock.
final class OrgService: Sendable {
    struct State {
        var log: EventLog
        var window: RateWindow
        var managementWindows: [ManagementCall.Bucket: RateWindow]
        var faults: FaultPlan
        var statistics = OrgStatistics()
        var directory: UserDirectory
        var authorization: AuthorizationServer
        var requests = 0
        /// The number from which the uuid of the last management call's event was derived.
        var lastActionEvent: Int64 = 0
    }

    let settings: OrgSettings
    private let cursor: LogCursor
    let state: Mutex<State>

    init(settings: OrgSettings, epoch: Int64) throws {
        self.settings = settings
        cursor = LogCursor(seed: settings.seed)
        let length = Int64(max(1, settings.rateWindowSeconds)) * 1000
        let phase = Int64(Seed.derive(settings.seed, .phase, 0) % UInt64(length / 1000)) * 1000
        let authorization = try AuthorizationServer(settings)
        state = Mutex(
            State(
                log: EventLog(settings: settings, epoch: epoch),
                window: RateWindow(limit: settings.limitPerMinute, length: length, phase: phase),
                managementWindows: Dictionary(
                    uniqueKeysWithValues: ManagementCall.Bucket.allCases.enumerated().map { number, bucket in
                        // Each bucket's windows begin at a different time.
                        let phase = (phase + Int64(number + 1) * 7000) % length
                        let limit = settings.managementLimit ?? bucket.limit
                        return (bucket, RateWindow(limit: limit, length: length, phase: phase))
                    }),
                faults: FaultPlan(settings.faults, seed: settings.seed),
                directory: UserDirectory(settings, epoch: epoch), authorization: authorization))
    }

    static func systemTime() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
    }

    func now() -> Int64 { settings.clock() }

    var log: EventLog { state.withLock { $0.log } }

    func statistics() -> OrgStatistics {
        let now = self.now()
        return state.withLock { state in
            var statistics = state.statistics
            statistics.eventsAvailable = state.log.count(now: now)
            statistics.tokensIssued = state.authorization.issued
            return statistics
        }
    }

    func setFaults(_ rules: [FaultRule]) {
        state.withLock { $0.faults = FaultPlan(rules, seed: settings.seed) }
    }

    func setTokens(_ tokens: [String], powerless: [String]) {
        let now = self.now()
        state.withLock {
            $0.directory.setTokens(tokens, powerless: powerless, limited: settings.limitedTokens, now: now)
        }
    }

    func revokeAccessTokens() -> Int { state.withLock { $0.authorization.revokeAll() } }

    func append(_ events: [[UInt8]]) throws {
        guard settings.rate == 0 else { throw SimulatorError.liveLog }
        let now = self.now()
        state.withLock { $0.log.append(events, at: now) }
    }

    func countConnection() {
        state.withLock { $0.statistics.connections += 1 }
    }

    /// The answer, and a function to call just before the last piece of the answer is sent.
    func answer(_ request: HTTPRequest, origin: String) -> (reply: HTTPReply, finished: @Sendable () -> Void) {
        let path = String(request.path)
        if path.hasPrefix("/_simulator/") { return (control(request, path), {}) }
        let now = self.now()
        let isLog = path == "/api/v1/logs"
        let number = state.withLock { state in
            state.requests += 1
            if isLog {
                state.statistics.inFlight += 1
                state.statistics.maximumInFlight = max(state.statistics.maximumInFlight, state.statistics.inFlight)
            }
            return state.requests
        }
        var exchange = Exchange(request: request, origin: origin, now: now, number: number, seed: settings.seed)
        let reply = answer(&exchange, path)
        let status: Int
        switch reply.delivery {
        case .hang, .disconnect: status = 0
        default: status = reply.status
        }
        state.withLock { $0.statistics.count(status: status, path: path) }
        return (reply, { [self] in if isLog { state.withLock { $0.statistics.inFlight -= 1 } } })
    }

    private func answer(_ exchange: inout Exchange, _ path: String) -> HTTPReply {
        let method = exchange.request.method
        if method == "POST" || method == "PUT", exchange.request.header("content-length") == nil {
            // Okta's front end refuses a POST or PUT without a length before any other check.
            return FaultRendering.html(exchange, 411, "411 Length Required")
        }
        switch path {
        case "/.well-known/okta-organization":
            guard exchange.request.method == "GET" else { return exchange.failure(.method) }
            var body: [UInt8] = []
            body.append(
                "{\"id\":\"\(settings.orgId)\",\"pipeline\":\"\(settings.pipeline)\",\"_links\":{\"organization\":{\"href\":\""
            )
            body.append(exchange.origin)
            body.append(
                "\"}},\"settings\":{\"analyticsCollectionEnabled\":false,\"bugReportingEnabled\":true,\"omEnabled\":false}}"
            )
            return exchange.json(200, body)
        case "/oauth2/v1/token":
            guard exchange.request.method == "POST" else { return exchange.failure(.method) }
            return token(&exchange, path)
        case "/api/v1/logs":
            guard exchange.request.method == "GET" else { return exchange.failure(.method) }
            do {
                switch try authorize(exchange, scopes: ["okta.logs.read"], permissions: [AdminRights.viewLog]) {
                case .refused(let reply): return reply
                case .granted: return try logs(&exchange)
                }
            } catch {
                return exchange.failure(error)
            }
        default:
            switch ManagementRoute.match(method, path: path) {
            case .call(let route)?: return manage(&exchange, route)
            case .method?: return exchange.failure(.method)
            case nil: break
            }
            return exchange.failure(path.hasPrefix("/api/v1/logs/") ? .noResource(path) : .notFound)
        }
    }

    private func token(_ exchange: inout Exchange, _ path: String) -> HTTPReply {
        let (request, origin, now) = (exchange.request, exchange.origin, exchange.now)
        let result = state.withLock { state -> Result<[UInt8], AuthorizationServer.Refusal> in
            do throws(AuthorizationServer.Refusal) {
                return .success(try state.authorization.token(request, url: origin + path, now: now))
            } catch {
                return .failure(error)
            }
        }
        let nonce = state.withLock { $0.authorization.nonce(now: now) }
        switch result {
        case .success(let body):
            var reply = exchange.json(200, body)
            if request.header("dpop") != nil { reply.headers.append(("dpop-nonce", nonce)) }
            return reply
        case .failure(let refusal):
            var reply = exchange.json(
                refusal.status,
                Array("{\"error\":\"\(refusal.code)\",\"error_description\":\"\(refusal.reason)\"}".utf8))
            if refusal.givesNonce { reply.headers.append(("dpop-nonce", nonce)) }
            return reply
        }
    }

    private func logs(_ exchange: inout Exchange) throws(OktaError) -> HTTPReply {
        let now = exchange.now
        let verdict = state.withLock { state in
            let verdict = state.window.take(now: now)
            if !verdict.allowed { state.statistics.rateLimited += 1 }
            return verdict
        }
        exchange.verdict = verdict
        guard verdict.allowed else { throw .rateLimit }
        let query = try LogQuery(rawQuery: String(exchange.request.rawQuery), now: now)
        let target = exchange.request.target
        let log = state.withLock { state in
            state.statistics.lastAfter = query.after
            state.statistics.lastTarget = target
            state.log.read(now: now)
            return state.log
        }
        let page = try LogPage(query, log: log, cursor: cursor, now: now)
        let fault = state.withLock { state in
            let fault = state.faults.strike(isFull: page.isFull)
            if let fault { state.statistics.faults[fault.kind.rawValue, default: 0] += 1 }
            return fault
        }
        let rendering = PageRendering(page: page, query: query, log: log, fault: fault, useGzip: settings.gzip)
        let reply = rendering.reply(&exchange)
        let isGood = fault == nil || rendering.isGood
        if isGood {
            state.withLock { state in
                state.statistics.eventsServed += page.indexes.count
                state.statistics.firstPageAt = state.statistics.firstPageAt ?? now
                if !page.isFull { state.statistics.reachedEndAt = state.statistics.reachedEndAt ?? now }
            }
        }
        return reply
    }
}
