/// A simulated Okta org on loopback. It has a System Log with paging, errors and a rate limit; a seed determines the log's history. It also has users
/// and groups, and the calls that act on them. Tests can request faults.
///
/// ```swift
/// var settings = OrgSettings()
/// settings.eventCount = 25_000
/// let org = try await SimulatedOrg.start(settings)
/// // GET \(org.url)/api/v1/logs with "Authorization: SSWS \(settings.tokens[0])"
/// await org.setFaults([FaultRule(.status, count: 3, status: 502)])
/// await org.stop()
/// ```
///
/// Event `i` depends only on the settings and `i`, so a log of any length takes no memory. After a restart with the same settings, `epoch` and
/// `port`, the org serves the same log and accepts its earlier cursors.
///
/// Additional paths: `GET /_simulator/stats`, `GET /_simulator/uuids` (one per line, in the order of the log), `POST` and `DELETE
/// /_simulator/faults`, `POST /_simulator/events` (NDJSON to append), `POST /_simulator/revoke` (all access tokens), `GET /_simulator/users` (the
/// state of every user, and the number of calls about each), `POST /_simulator/users` (sets a status).
public final class SimulatedOrg: Sendable {
    private let service: OrgService
    private let listener: Listener

    /// The settings in use, including the actual `port` and `epoch`. A restart with these settings continues this org.
    public let settings: OrgSettings

    /// `http://127.0.0.1:PORT` or `http://[::1]:PORT`.
    public let url: String

    /// The TCP port in use.
    public var port: UInt16 { listener.port }

    private init(service: OrgService, listener: Listener, settings: OrgSettings) {
        self.service = service
        self.listener = listener
        self.settings = settings
        url = "http://\(settings.host == "::1" ? "[::1]" : settings.host):\(listener.port)"
    }

    /// Starts an org, which answers requests until `stop()`.
    /// - Throws: `SimulatorError`.
    public static func start(_ settings: OrgSettings) async throws -> SimulatedOrg {
        var settings = settings
        for (name, share) in [
            ("lateShare", settings.lateShare), ("oddShare", settings.oddShare), ("hostileShare", settings.hostileShare),
        ] where !(0...1).contains(share) {
            throw SimulatorError.badSetting(name: name, reason: "must be from 0 to 1, but is \(share)")
        }
        guard settings.eventCount >= 0, settings.historySpan >= 0, settings.rate >= 0, settings.rate <= 1_000_000 else {
            throw SimulatorError.badSetting(
                name: "eventCount, historySpan, rate", reason: "must not be negative; rate must be at most 1000000")
        }
        guard settings.limitPerMinute > 0, settings.rateWindowSeconds > 0, settings.managementLimit ?? 1 > 0 else {
            throw SimulatorError.badSetting(
                name: "limitPerMinute, rateWindowSeconds, managementLimit", reason: "must be above 0")
        }
        guard (0...100_000).contains(settings.extraUsers), settings.actionEventDelay >= 0, settings.transitionSpan >= 0
        else {
            throw SimulatorError.badSetting(
                name: "extraUsers, actionEventDelay, transitionSpan",
                reason: "must not be negative; extraUsers must be at most 100000")
        }
        let epoch = settings.epoch ?? settings.clock()
        settings.epoch = epoch
        let service = try OrgService(settings: settings, epoch: epoch)
        let own = settings.host == "::1" ? "[::1]" : settings.host
        let listener = try Listener(
            host: settings.host, port: settings.port, accepted: { service.countConnection() },
            handler: { [publicURL = settings.publicURL] request in
                service.answer(request, origin: publicURL ?? "http://\(request.header("host") ?? own)")
            })
        settings.port = listener.port
        return SimulatedOrg(service: service, listener: listener, settings: settings)
    }

    /// Stops the org and ends all connections. When this method returns, the port is free.
    public func stop() async { await listener.stop() }

    /// The counts since the org started.
    public var stats: OrgStatistics { service.statistics() }

    /// Replaces all faults, including those that could still occur; an empty array removes all.
    public func setFaults(_ rules: [FaultRule]) { service.setFaults(rules) }

    /// Replaces the API tokens, as an administrator does to rotate or revoke them. The tokens in `OrgSettings.limitedTokens` stay valid.
    public func setTokens(_ tokens: [String], powerless: [String] = []) {
        service.setTokens(tokens, powerless: powerless)
    }

    /// Revokes every access token, as an administrator can.
    /// - Returns: the number of revoked tokens.
    @discardableResult
    public func revokeAccessTokens() -> Int { service.revokeAccessTokens() }

    /// All users of the org, each with the number of calls about the user so far.
    public var users: [SimulatedUser] { service.users() }

    /// The user with this id or login. The part of the login before the `@` is enough if it is unique.
    public func user(_ key: String) -> SimulatedUser? { service.user(key) }

    /// Sets a user's status without an event or a call.
    /// - Returns: false if there is no such user.
    @discardableResult
    public func setStatus(_ status: UserStatus, of user: String) -> Bool { service.setStatus(status, of: user) }

    /// Appends recorded events to the log, and records the present time as the time when they were persisted. Each event is one JSON object.
    /// - Throws: `SimulatorError.liveLog`.
    public func append(events: [String]) throws { try service.append(events.map { Array($0.utf8) }) }

    /// The number of events in the log now.
    public var eventCount: Int { service.log.count(now: service.now()) }

    /// The uuid of the event at `index` in the order of the log; nil for a recorded event without a uuid.
    public func uuid(_ index: Int) -> String? { service.log.uuid(index) }

    /// The index, in the order of the log, of the event with this uuid; nil for a uuid that the org never issued.
    public func index(ofUUID uuid: String) -> Int? { service.log.index(ofUUID: uuid) }

    /// The bytes of the event at `index`, exactly as in pages.
    public func event(_ index: Int) -> [UInt8] {
        var out: [UInt8] = []
        service.log.render(index, to: &out)
        return out
    }

    /// When the event at `index` was persisted, milliseconds since 1970.
    public func persisted(_ index: Int) -> Int64 { service.log.persisted(index) }

    /// The names of all catalogued event types, in the order of `OrgSettings.eachType`.
    public static var eventTypes: [String] { Catalog.shared.types.map(\.name) }
}
