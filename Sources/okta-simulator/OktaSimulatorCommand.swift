import ArgumentParser
import Dispatch
import Foundation
import OktaSimulator

@main
struct OktaSimulatorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "okta-simulator",
        abstract:
            "An Okta org on loopback: the System Log, users and groups, errors, rate limits, and faults on request.",
        discussion: """
            When the simulator listens, it prints one JSON line with the URL (with --orgs, a line for each org). It runs until SIGTERM or SIGINT.

            Example: 20,000 events of history, then 50 events a second, one in twenty of them late, and three failures after ten requests
              okta-simulator --port 8080 --token t0ken --events 20000 --rate 50 \\
                --late 0.05 --faults 'status:status=502,after=10,count=3'
              curl -i -H 'Authorization: SSWS t0ken' \\
                'http://127.0.0.1:8080/api/v1/logs?since=2026-01-01T00:00:00Z&limit=5'

            Example: users and groups, a token with few rights, and a suspension whose answer gets lost
              okta-simulator --token t0ken --limited-token r3ad=READ_ONLY_ADMIN \\
                --users 500 --faults 'disconnect:at=suspend,done=true,count=1'

            Example: a service app with DPoP, whose tokens last a minute
              okta-simulator --public-key app.jwk --client-id 0oa1 --token-lifetime 60

            Requests that control a running simulator: GET /_simulator/stats, GET /_simulator/uuids, POST or DELETE /_simulator/faults, \
            POST /_simulator/events, POST /_simulator/revoke (all access tokens), GET /_simulator/users (the state of every user, and the \
            number of calls about each), POST /_simulator/users {"user": "adam.active", "status": "LOCKED_OUT"}.

            The users and groups are made up. There is a user for each status and purpose, such as adam.active@corp.example, \
            lou.locked@corp.example and root.admin@corp.example. The people who act in the log are users, too. \
            Suspending a user adds the event user.lifecycle.suspend to the log.

            A fault affects requests for the log. With at=, it affects other calls instead. The values of at= are: \
            \(FaultRule.places.joined(separator: " ")). \
            With done=true the simulator carries out the call before the fault.

            Fault kinds: \(FaultRule.Kind.allCases.map(\.rawValue).joined(separator: " "))
            """)

    @Option(help: "127.0.0.1 or ::1.") var host = "127.0.0.1"
    @Option(help: "TCP port; 0 for any free port.") var port: UInt16 = 0
    @Option(help: "The number of orgs that this process simulates, each with its own port and events.") var orgs = 1
    @Option(
        help: "An API token of a super administrator. For tests only: other users of this machine can see the option.")
    var token: [String] = []
    @Option(help: "A file with API tokens, one per line.") var tokenFile: String?
    @Option(help: "A token without rights: it can only read the user who owns it.") var powerlessToken: [String] = []
    @Option(
        help: ArgumentHelp(
            "A token that has only the given rights, such as READ_ONLY_ADMIN or okta.users.lifecycle.suspend.",
            valueName: "token=right[,right…]"))
    var limitedToken: [String] = []
    @Option(help: "The client ID of an OAuth 2.0 service app, which gets access tokens at /oauth2/v1/token.")
    var clientId = "0oa1simulated0app0g4"
    @Option(help: "A file with a public key of the service app, as JWK or JWKS. Without it, there is no service app.")
    var publicKey: [String] = []
    @Option(help: "A scope granted to the service app; default: okta.logs.read.") var scope: [String] = []
    @Option(help: "A role or permission of the service app, as with --limited-token; default: SUPER_ADMIN.")
    var appRight: [String] = []
    @Flag(
        inversion: .prefixedNo, help: "Bind the service app's access tokens to a key (DPoP), as Okta does by default.")
    var dpop = true
    @Option(help: "Seconds that an access token is valid.") var tokenLifetime = 3600
    @Option(help: "Seconds after which the nonce for DPoP changes.") var nonceLifetime = 86_400
    @Flag(help: "Require a nonce also in DPoP proofs for requests to the log.") var resourceNonce = false
    @Option(help: "Events that exist at the start.") var events = 1000
    @Option(help: "The time over which the events of --events are spread, such as 5m, 2h or 7d.") var history = "2h"
    @Option(help: "Live events per second.") var rate = 0.0
    @Option(help: "Share of events that enter the log late, 0…1.") var late = 0.0
    @Option(help: "The longest delay of a late event, such as 90s or 5m.") var lateSpan = "5m"
    @Option(help: "Seed of all random choices.") var seed: UInt64 = 1
    @Option(
        help:
            "When the history ends and live events begin, in RFC 3339 form. Use the same value to get the same log after a restart."
    )
    var epoch: String?
    @Flag(help: "Use all catalogued event types in turn.") var eachType = false
    @Option(help: "Share of events with unusual but documented shapes, 0…1.") var odd = 0.02
    @Option(help: "Share of events in a form that no healthy org sends, 0…1.") var hostile = 0.0
    @Option(help: "Recorded events to serve, one JSON object per line.") var eventsFile: String?
    @Option(help: "Requests per rate-limit window.") var limitPerMinute = 120
    @Option(help: "Seconds in a rate-limit window.") var rateWindow = 60
    @Option(help: "Plain users (user0001@corp.example, …) in addition to the usual users.") var users = 0
    @Option(
        help:
            "Requests in each rate-limit window for each budget (users, groups, others); default: limits of a Workforce org."
    )
    var managementLimit: Int?
    @Option(help: "Milliseconds from an action to its event in the log.") var eventDelay: Int64 = 200
    @Option(help: "Milliseconds from the answer until an activation or deactivation is complete.") var transition:
        Int64 = 200
    @Flag(
        inversion: .prefixedNo,
        help: "Simulate Identity Threat Protection. Without it, the org refuses calls about risk and universal logout.")
    var threatProtection = true
    @Option(
        help: "The origin in links, if a reverse proxy is in front of the simulator; default: the Host header.")
    var publicUrl: String?
    @Option(help: "The org's id.") var orgId = "00o1simulated0org0g4"
    @Option(help: "The org's pipeline: idx (Identity Engine) or v1 (Classic).") var pipeline = "idx"
    @Option(help: "Faults: KIND[:key=value,…][;KIND…], or a file with a JSON array of faults.") var faults: String?
    @Option(help: "A file to which the JSON line is also written when the simulator listens.") var readyFile: String?

    func run() async throws {
        raiseDescriptorLimit()
        var running: [SimulatedOrg] = []
        for number in 0..<orgs {
            var settings = try settings()
            settings.seed &+= UInt64(number)
            if port > 0 { settings.port = port + UInt16(number) }
            running.append(try await SimulatedOrg.start(settings))
        }
        let ready = running.map { org in
            "{\"url\":\"\(org.url)\",\"port\":\(org.port),\"pid\":\(getpid()),\"epoch\":\"\(Instant.text(org.settings.epoch ?? 0))\"}\n"
        }.joined()
        if let readyFile { try Data(ready.utf8).write(to: URL(fileURLWithPath: readyFile), options: .atomic) }
        FileHandle.standardOutput.write(Data(ready.utf8))
        await untilTerminated()
        for org in running { await org.stop() }
    }

    func validate() throws {
        guard orgs >= 1, port == 0 || Int(port) + orgs <= 65_536 else {
            throw ValidationError("--orgs must be at least 1, and at most the number of ports from --port up to 65535")
        }
    }

    /// Allows as many open files as possible, because each org needs a descriptor for its listener and for each connection.
    private func raiseDescriptorLimit() {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return }
        limit.rlim_cur = limit.rlim_max
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    }

    private func settings() throws -> OrgSettings {
        var settings = OrgSettings()
        settings.host = host
        settings.port = port
        try setCredentials(&settings)
        settings.extraUsers = users
        settings.managementLimit = managementLimit
        settings.actionEventDelay = eventDelay
        settings.transitionSpan = transition
        settings.hasThreatProtection = threatProtection
        settings.eventCount = events
        settings.historySpan = try milliseconds(history)
        settings.rate = rate
        settings.lateShare = late
        settings.lateSpan = try milliseconds(lateSpan)
        settings.seed = seed
        if let epoch {
            guard let time = Instant.parse(epoch) else {
                throw ValidationError("--epoch: \(epoch) is not an RFC 3339 time")
            }
            settings.epoch = time
        }
        settings.eachType = eachType
        settings.oddShare = odd
        settings.hostileShare = hostile
        if let eventsFile {
            settings.recorded = try Data(contentsOf: URL(fileURLWithPath: eventsFile)).split(separator: 10).map(
                Array.init)
        }
        settings.limitPerMinute = limitPerMinute
        settings.rateWindowSeconds = rateWindow
        settings.publicURL = publicUrl
        settings.orgId = orgId
        settings.pipeline = pipeline
        if let faults {
            if FileManager.default.fileExists(atPath: faults) {
                settings.faults = try JSONDecoder().decode(
                    [FaultRule].self, from: Data(contentsOf: URL(fileURLWithPath: faults)))
            } else {
                settings.faults = try FaultRule.parse(faults)
            }
        }
        return settings
    }

    /// Sets the API tokens and the service app.
    private func setCredentials(_ settings: inout OrgSettings) throws {
        var tokens = token
        if let tokenFile {
            tokens += try String(contentsOfFile: tokenFile, encoding: .utf8).split(whereSeparator: \.isWhitespace).map(
                String.init)
        }
        if !tokens.isEmpty { settings.tokens = tokens }
        settings.powerlessTokens = powerlessToken
        for text in limitedToken {
            let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2 else {
                throw ValidationError("--limited-token: the value must have the form TOKEN=RIGHT[,RIGHT…]")
            }
            settings.limitedTokens[String(parts[0])] = try AdminRights(parts[1].split(separator: ",").map(String.init))
        }
        if !publicKey.isEmpty {
            var app = ServiceApp(
                clientID: clientId, publicKeys: try publicKey.map { try String(contentsOfFile: $0, encoding: .utf8) })
            if !scope.isEmpty { app.scopes = scope }
            if !appRight.isEmpty { app.rights = try AdminRights(appRight) }
            app.requiresDPoP = dpop
            app.tokenSeconds = tokenLifetime
            settings.serviceApps = [app]
        }
        settings.nonceSeconds = nonceLifetime
        settings.wantsNonceAtResources = resourceNonce
    }

    private func milliseconds(_ text: String) throws -> Int64 {
        let units: [Character: Int64] = ["s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000]
        guard let unit = text.last.flatMap({ units[$0] }), let number = Int64(text.dropLast()),
            (0...36_500).contains(number / max(1, 86_400_000 / unit))
        else { throw ValidationError("\(text) is not a duration such as 90s, 5m, 2h or 7d") }
        return number * unit
    }

    private func untilTerminated() async {
        signal(SIGTERM, SIG_IGN)
        signal(SIGINT, SIG_IGN)
        signal(SIGPIPE, SIG_IGN)
        let (stream, continuation) = AsyncStream.makeStream(of: Void.self)
        let sources = [SIGTERM, SIGINT].map { number in
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler { continuation.finish() }
            source.resume()
            return source
        }
        for await _ in stream {}
        withExtendedLifetime(sources) {}
    }
}
