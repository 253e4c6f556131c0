/// Answers the calls about users, groups, roles, sessions and risk.
extension OrgService {
    /// An encoded answer, and the events to add to the log.
    private struct Rendered: Sendable {
        var status = 200
        var body: [UInt8]?
        var next: String?
        var events: [ActionEvent] = []
    }

    func manage(_ exchange: inout Exchange, _ route: ManagementRoute) -> HTTPReply {
        do throws(OktaError) {
            let call = route.call
            let principal: Principal
            switch try authorize(exchange, scopes: call.scopes, permissions: call.permissions) {
            case .refused(let reply): return reply
            case .granted(let granted): principal = granted
            }
            try meter(&exchange, call.bucket)
            let fault = state.withLock { state in
                let fault = state.faults.strike(call: call)
                if let fault { state.statistics.faults[fault.kind.rawValue, default: 0] += 1 }
                return fault
            }
            let trouble = FaultRendering(fault: fault)
            if fault?.done != true, let reply = trouble.failure(exchange) { return reply }
            let request = try ManagementRequest(exchange, route, principal)
            let rendered = try perform(request).get()
            record(rendered.events, exchange, principal)
            if let reply = trouble.failure(exchange) { return reply }
            var reply = reply(exchange, rendered)
            if let delivery = trouble.delivery { reply.delivery = delivery }
            return reply
        } catch {
            return exchange.failure(error)
        }
    }

    private func meter(_ exchange: inout Exchange, _ bucket: ManagementCall.Bucket) throws(OktaError) {
        let now = exchange.now
        let verdict = state.withLock { state in
            let verdict = state.managementWindows[bucket]?.take(now: now)
            if verdict?.allowed == false { state.statistics.rateLimited += 1 }
            return verdict
        }
        exchange.verdict = verdict
        if verdict?.allowed == false { throw .rateLimit }
    }

    private func reply(_ exchange: Exchange, _ rendered: Rendered) -> HTTPReply {
        var reply: HTTPReply
        if let body = rendered.body {
            reply = exchange.json(rendered.status, body)
        } else {
            reply = HTTPReply(status: rendered.status, headers: exchange.headers(cached: true))
        }
        if let next = rendered.next {
            let path = exchange.request.path
            let kept = exchange.request.rawQuery.split(separator: "&").filter { !$0.hasPrefix("after=") }
            let query = (kept.map(String.init) + [next]).joined(separator: "&")
            reply.headers.append(("link", "<\(exchange.origin)\(exchange.request.target)>; rel=\"self\""))
            reply.headers.append(("link", "<\(exchange.origin)\(path)?\(query)>; rel=\"next\""))
        }
        return reply
    }

    private func perform(_ request: ManagementRequest) -> Result<Rendered, OktaError> {
        state.withLock { state -> Result<Rendered, OktaError> in
            do throws(OktaError) {
                let answer = try self.answer(request, &state.directory)
                return .success(
                    Rendered(
                        status: answer.status, body: answer.json.map(ManagementAnswer.bytes), next: answer.next,
                        events: answer.events))
            } catch {
                return .failure(error)
            }
        }
    }

    private func answer(
        _ request: ManagementRequest, _ directory: inout UserDirectory
    ) throws(OktaError) -> ManagementAnswer {
        if let rule = LifecycleRule(call: request.route.call) {
            return try directory.lifecycle(rule, request, transitionSpan: settings.transitionSpan)
        }
        switch request.route.call {
        case .me: return try directory.me(request)
        case .listUsers: return try directory.list(request, searchDelay: settings.searchDelay)
        case .clearSessions:
            return try directory.clearSessions(request, forgetsDevices: settings.pipeline == "idx")
        case .getSession, .endSession: return try directory.session(request)
        case .listGroups: return try directory.listGroups(request)
        case .getGroup: return try directory.readGroup(request)
        case .listMembers: return try directory.listMembers(request)
        case .addToGroup, .removeFromGroup: return try directory.changeMembership(request)
        case .getRisk, .setRisk, .universalLogout:
            guard settings.hasThreatProtection else { throw .featureOff }
            guard request.route.call == .universalLogout else { return try directory.risk(request) }
            return directory.universalLogout(request) ?? ManagementAnswer(status: 400)
        default: return try directory.read(request)
        }
    }

    /// Adds the events to the log; they can be read after `actionEventDelay`.
    private func record(_ events: [ActionEvent], _ exchange: Exchange, _ principal: Principal) {
        guard !events.isEmpty else { return }
        state.withLock { state in
            var actor: ActionEvent.Target?
            if case .token(let token) = principal, let index = state.directory.index(id: token.ownerID) {
                let owner = state.directory.users[index]
                actor = ActionEvent.Target(id: owner.id, type: "User", alternateID: owner.login, name: owner.name)
            }
            let identity = EventIdentity(seed: settings.seed, purpose: .action)
            let rendered = events.map { event in
                // The number is derived from the clock, so that a restarted org does not use a number twice.
                state.lastActionEvent = max(state.lastActionEvent + 1, exchange.now * 64)
                return event.render(
                    exchange, principal, actor: actor, uuid: identity.text(Int(state.lastActionEvent)))
            }
            state.log.append(rendered, at: exchange.now + settings.actionEventDelay)
        }
    }

    /// All users, in the form that tests get.
    func users() -> [SimulatedUser] {
        let now = self.now()
        return state.withLock { state in
            state.directory.settle(now: now)
            return state.directory.users.map(state.directory.view)
        }
    }

    /// Sets a user's status without a call to the org.
    /// - Returns: false if there is no such user.
    func setStatus(_ status: UserStatus, of key: String) -> Bool {
        let now = self.now()
        return state.withLock { state in
            guard let index = state.directory.index(key) else { return false }
            state.directory.change(index, now: now) { $0.move(to: status, now: now) }
            return true
        }
    }

    /// The user with this id, login or short name, in the form that tests get.
    func user(_ key: String) -> SimulatedUser? {
        let now = self.now()
        return state.withLock { state in
            state.directory.settle(now: now)
            return state.directory.index(key).map { state.directory.view(state.directory.users[$0]) }
        }
    }
}
