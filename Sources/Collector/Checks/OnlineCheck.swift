import Configuration
import CurlHTTPClient
import FoundationEssentials
import OktaAPI
import Time

/// Sends requests to each org, step by step, and reports how each step went: `tributary check --online`. It sends three requests per integration, and
/// for OAuth the requests for an access token. Two of the three requests count against the log's rate limit.
package struct OnlineCheck: Sendable {
    /// The maximum number of integrations that are checked at the same time.
    static let concurrency = 8
    /// If this host's clock differs from Okta's by more than this many seconds, the check reports it. OAuth and the rate limit tolerate more, but an
    /// investigation needs correct times.
    static let clockTolerance = 5.0

    private let transport: CurlTransport
    private let credentials: CredentialStore
    private let proxies: ProxyRules

    /// - Throws: `Daemon.StartError.configuration` if the proxy or the CA can't be used.
    package init(_ configuration: Configuration) throws(Daemon.StartError) {
        transport = try CurlTransport(configuration)
        credentials = CredentialStore(transport: transport)
        proxies = ProxyRules(configuration.network)
    }

    package func shutdown() async {
        await transport.shutdown()
    }

    /// Checks the orgs of all integrations that ingest, at most ``concurrency`` at the same time. Passes their reports to `report` in the order of
    /// `integrations`.
    package func ask(
        _ integrations: [Configuration.Integration], each report: (OnlineReport) throws -> Void
    ) async rethrows {
        let asked = integrations.filter { $0.dataIngest != nil }
        try await withThrowingTaskGroup(of: (Int, OnlineReport).self) { group in
            var next = 0
            func start() {
                guard next < asked.count else { return }
                let number = next
                next += 1
                group.addTask { (number, await ask(asked[number])) }
            }
            for _ in 0..<Self.concurrency { start() }
            var waiting: [Int: OnlineReport] = [:]
            var due = 0
            while let (number, answer) = try await group.next() {
                start()
                waiting[number] = answer
                while let ready = waiting.removeValue(forKey: due) {
                    try report(ready)
                    due += 1
                }
            }
        }
    }

    /// Checks one org. If the integration does not ingest, checks only whether an Okta org answers at the address.
    package func ask(_ integration: Configuration.Integration) async -> OnlineReport {
        var report = OnlineReport(integration: integration.name.text, org: integration.url.origin)
        guard await askName(integration.url, &report), await askOrganization(integration.url, &report),
            let ingest = integration.dataIngest,
            await askLog(integration.url, ingest, &report)
        else { return report }
        await askNewest(integration.url, ingest, &report)
        return report
    }

    // MARK: Steps. Each except the last returns whether the next step can follow.

    private func askName(_ org: OrgURL, _ report: inout OnlineReport) async -> Bool {
        if let proxy = proxies.proxyShown(for: org.origin) {
            report.facts.proxy = proxy
            report.pass(.name, "the proxy \(proxy) resolves the name")
            return true
        }
        switch await HostAddresses.lookUp(org.host) {
        case .success(let addresses):
            report.facts.addresses = addresses
            report.pass(
                .name,
                addresses == [org.host]
                    ? "\(org.host) is an address" : "\(org.host) is \(addresses.joined(separator: ", "))")
            return true
        case .failure(let failure):
            report.fail(
                .name, "\(org.host) can't be resolved (\(failure.words))",
                advice:
                    "Check the org's URL and this machine's DNS (/etc/resolv.conf); if this machine is behind a proxy, set network.proxy",
                .unreachable)
            return false
        }
    }

    private func askOrganization(_ org: OrgURL, _ report: inout OnlineReport) async -> Bool {
        var request = OrgProbe.request(org)
        request.describesConnection = true
        let response: HTTPResponse
        let sent = WallClock.now()
        do throws(TransportError) {
            response = try await transport.send(request)
        } catch {
            report.fail(.connection, error.summary, advice: error.advice, .unreachable)
            return false
        }
        report.note(response)
        report.noteClock(response, between: sent, and: WallClock.now())
        if let foreign = ForeignAnswer(response) {
            report.fail(.organization, "\(org.host) \(foreign.what)", advice: ForeignAnswer.advice, .unreachable)
            return false
        }
        guard response.status < 500 else {
            report.fail(
                .organization, "\(org.host) answered \(response.status)",
                advice: "Try again; if the error persists, see Okta's status page", .unreachable)
            return false
        }
        guard let probe = OrgProbe(response) else {
            report.fail(
                .organization, "\(org.host) answers (\(response.status)), but not as an Okta org",
                advice: "Check the URL: it must be the org's own address, such as https://acme.okta.com", .unreachable)
            return false
        }
        report.facts.organizationId = probe.organizationID
        report.facts.engine = probe.pipeline?.words
        report.pass(
            .organization,
            ([probe.organizationID] + [probe.pipeline?.words].compactMap(\.self)).joined(separator: ", ")
                + (probe.alternate.map { ", also called \($0.host)" } ?? ""))
        return true
    }

    private func askLog(
        _ org: OrgURL, _ ingest: Configuration.DataIngest, _ report: inout OnlineReport
    ) async -> Bool {
        let name = ingest.credential.name.text
        var query = LogQuery(org: org, filter: ingest.filter, pageLimit: 1)
        query.tokenReplacement = ingest.credential.secretReplacement
        let request = query.firstRequest(since: StoredTime(WallClock.now()))
        let result: Result<HTTPResponse, TransportError>
        do throws(CredentialError) {
            result = try await send(request, ingest, org)
        } catch {
            let verdict: OnlineReport.Verdict =
                switch error {
                case .refused: .refused
                case .noToken: .unreachable
                default: .misconfigured
                }
            report.fail(
                .credential, error.description,
                advice: "Correct the credential \(name); see /usr/share/doc/tributary/okta-setup.md",
                verdict)
            return false
        }
        switch LogAnswer(result, to: LogAnswer.Request(url: request.url), of: query) {
        case .page:
            report.pass(.credential, "\(name) is accepted")
            report.pass(.permission, "the log can be read")
        case .problem(let trouble):
            guard trouble.kind != .unauthorized else {
                report.fail(.credential, trouble.what, advice: trouble.advice, .refused)
                return false
            }
            switch trouble.kind {
            case .forbidden, .refusedQuery, .rateLimited, .concurrencyLimited:
                report.pass(.credential, "\(name) is accepted")
            default:
                report.warn(
                    .credential, "\(name): not tested, because the log could not be read", advice: "See the next step")
            }
            switch trouble.kind {
            case .forbidden: report.fail(.permission, trouble.what, advice: trouble.advice, .refused)
            case .refusedQuery: report.fail(.permission, trouble.what, advice: trouble.advice, .misconfigured)
            case .rateLimited, .concurrencyLimited:
                report.warn(
                    .permission, "not known: Okta refused the request because of its rate limit",
                    advice: "See the next step")
                report.fail(.rateLimit, trouble.what, advice: trouble.advice, .unreachable)
            default: report.fail(.permission, trouble.what, advice: trouble.advice, .unreachable)
            }
            return false
        }
        report.noteRateLimit((try? result.get()).map { RateLimit($0.headers) }, share: ingest.rateLimitShare.value)
        report.passClock(tolerance: Self.clockTolerance)
        return true
    }

    /// Requests the newest event of the last week that the integration would collect.
    private func askNewest(
        _ org: OrgURL, _ ingest: Configuration.DataIngest, _ report: inout OnlineReport
    ) async {
        let now = WallClock.now()
        let request = LogQuery(org: org, filter: ingest.filter, pageLimit: 1).newestRequest(
            since: UTCTime(milliseconds: now - 7 * 86_400_000))
        guard case .success(let response)? = try? await send(request, ingest, org), response.status == 200,
            let events = try? JSONDecoder().decode([Event].self, from: Data(response.body))
        else {
            report.warn(
                .newestEvent, "Okta did not return the newest event",
                advice: "Collection does not need this request; run the check again")
            return
        }
        guard let published = events.first?.published else {
            report.warn(
                .newestEvent, "no event in the last seven days",
                advice: ingest.filter == nil
                    ? "Check that this is the right org: each sign-in creates an event"
                    : "Check the filter: it may exclude every event")
            return
        }
        report.facts.newestEvent = published
        let age = CivilTime.milliseconds(rfc3339: published).map { max(0, Int((Int64(now) - $0) / 1000)) }
        report.pass(.newestEvent, published + (age.map { ", \(StatusReport.duration($0)) ago" } ?? ""))
    }

    private struct Event: Decodable {
        var published: String?
    }

    private func send(
        _ request: HTTPRequest, _ ingest: Configuration.DataIngest, _ org: OrgURL
    ) async throws(CredentialError) -> Result<HTTPResponse, TransportError> {
        let credential = credentials.credential(ingest.credential, at: org)
        do throws(AuthorizedTransport.Failure) {
            return .success(try await AuthorizedTransport(transport).send(request, as: credential))
        } catch {
            switch error {
            case .credential(let error): throw error
            case .transport(let error): return .failure(error)
            }
        }
    }
}

// Puts the results of the steps into words.
extension OnlineReport {
    fileprivate mutating func note(_ response: HTTPResponse) {
        let connection = response.connection ?? HTTPConnection()
        facts.connectedTo = connection.address
        facts.httpVersion = response.version.rawValue
        facts.tlsVersion = connection.tlsVersion
        facts.certificateIssuer = connection.certificateIssuer
        facts.certificateEnd = connection.certificateEnd
        var words = "\(response.version.rawValue) over \(connection.tlsVersion ?? "plain TCP on this machine")"
        words += connection.proxy.map { " through the proxy \($0)" } ?? " directly to \(connection.address)"
        if let issuer = connection.certificateIssuer {
            words += "; certificate by \(issuer)" + (connection.certificateEnd.map { ", valid until \($0)" } ?? "")
        }
        pass(.connection, words)
    }

    /// Okta's `Date` has whole seconds, so the middle of that second is compared with the time halfway between the request and the answer.
    fileprivate mutating func noteClock(_ response: HTTPResponse, between sent: Int64, and received: Int64) {
        guard let date = response.headers.first("Date").flatMap({ UTCTime(httpDate: $0) }) else { return }
        let difference = Double((sent + received) / 2 - date.milliseconds - 500) / 1000
        facts.clockDifferenceSeconds = (difference * 10).rounded() / 10
    }

    fileprivate mutating func passClock(tolerance: Double) {
        guard let difference = facts.clockDifferenceSeconds else {
            warn(.clock, "Okta's answer had no Date header", advice: "Check whether a proxy removes headers")
            return
        }
        guard abs(difference) > tolerance else {
            pass(.clock, "this machine's clock agrees with Okta's within \(Int(tolerance)) s")
            return
        }
        let words = StatusReport.duration(Int(abs(difference).rounded()))
        warn(
            .clock, "this machine's clock is \(words) \(difference > 0 ? "ahead of" : "behind") Okta's",
            advice: "Synchronize this machine's clock with NTP (timedatectl set-ntp true)")
    }

    fileprivate mutating func noteRateLimit(_ rate: RateLimit?, share: Double) {
        guard let rate, let limit = rate.limit, limit > 0 else {
            warn(
                .rateLimit, "Okta's answer did not contain the rate limit",
                advice:
                    "Check whether a proxy removes headers; without the limit, collection slows down only after 429 answers"
            )
            return
        }
        facts.rateLimit = limit
        facts.rateLimitRemaining = rate.remaining
        let own = max(1, Int((Double(limit) * share).rounded(.down)))
        pass(
            .rateLimit,
            "\(limit) requests per minute for all clients" + (rate.remaining.map { ", \($0) left now" } ?? "")
                + "; with rate_limit_share \(share), Tributary uses up to \(own) of them")
    }
}

extension OrgProbe.Pipeline {
    fileprivate var words: String {
        switch self {
        case .identityEngine: "Identity Engine"
        case .classic: "Classic Engine"
        case .other(let word): word
        }
    }
}
