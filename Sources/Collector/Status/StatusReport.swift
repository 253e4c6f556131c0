import FoundationEssentials

/// The daemon's report about itself: the content of `status.json` in the runtime directory, which `tributary status`
/// and other programs read. Keys are in snake case, times are RFC 3339 in UTC, durations are seconds.
///
/// New keys may be added. A removal or a change of meaning raises `format`.
package struct StatusReport: Codable, Sendable, Equatable {
    /// The version of this document's format.
    package static let currentFormat = 1

    package var format = Self.currentFormat
    package var version: String
    package var pid: Int32
    package var startedAt: String
    package var updatedAt: String
    /// The part of the daemon that has made no progress for too long; absent if all parts make progress. Meanwhile the service manager's watchdog is
    /// not notified.
    package var stuck: Stuck?
    /// What the daemon waits for before it can start; absent once it has started.
    package var waiting: Waiting?
    /// The absolute path of the daemon's main configuration file.
    package var configurationFile: String?
    /// The state of the configuration; absent until the daemon has started.
    package var configuration: Configuration?
    package var integrations: [Integration]
    package var spool: Spool
    /// The state of the fleet's leases; absent outside a fleet.
    package var fleet: Fleet?
    /// The results of response actions: an entry for each integration with an action since the daemon's start; absent if there is none.
    package var responses: [ResponseActivity]?

    /// Whether the daemon that wrote this report uses a configuration file other than `file`. False if the report does not name the daemon's file.
    ///
    /// - Parameter file: an absolute path.
    package func isOfAnother(than file: String) -> Bool {
        guard let own = configurationFile else { return false }
        return own != file && Self.real(own) != Self.real(file)
    }

    /// The path without symbolic links. Parts that do not exist stay as they are.
    private static func real(_ file: String) -> String {
        URL(filePath: file).standardizedFileURL.resolvingSymlinksInPath().path
    }

    /// A part of the daemon that hangs.
    package struct Stuck: Codable, Sendable, Equatable {
        package var part: String
        package var silenceSeconds: Int

        package init(part: String, silenceSeconds: Int) {
            self.part = part
            self.silenceSeconds = silenceSeconds
        }
    }

    /// A temporary problem that prevents the daemon from starting.
    package struct Waiting: Codable, Sendable, Equatable {
        /// What is wrong, and what to do.
        package var message: String
        /// When the problem began.
        package var since: String
        package var attempts: Int
        package var nextAttemptAt: String
    }

    /// Which configuration is in force, and the result of attempts to load another.
    package struct Configuration: Codable, Sendable, Equatable {
        package var inForceSince: String
        /// How many reloads have begun since the daemon started. Each reload is counted before it reads the files.
        package var reloadsBegun: Int
        /// How many reloads have finished since the daemon started.
        package var reloadsFinished: Int
        /// A description of what the last successful reload changed.
        package var lastChange: String?
        /// Present if the last reload was refused and the earlier configuration is still in force.
        package var refused: Refused?
        /// Keys whose new value takes effect only after a restart.
        package var restartNeeded: [String]
    }

    package struct Refused: Codable, Sendable, Equatable {
        package var at: String
        /// The problems, each with its file and line and with what to do.
        package var problems: [String]
    }

    /// The state of this host in its fleet.
    package struct Fleet: Codable, Sendable, Equatable {
        package var name: String
        package var host: String
        /// Where the leases are stored: `etcd` or `s3`.
        package var lease: String
        package var ttlSeconds: Int
        /// When this host last used the lease store successfully; absent before the first time.
        package var renewedAt: String?
        /// What is wrong with the leases, and what to do; absent if nothing is wrong.
        package var problem: String?
        /// Whether this host releases its integrations and takes no others.
        package var draining: Bool
        /// The hosts that are members of the fleet now.
        package var hosts: [String]
        /// The number of configured integrations that this host holds.
        package var holds: Int
        package var configured: Int
        /// The number of integrations that this host has taken over from other hosts since its start.
        package var takeovers: Int
        /// The number of this host's seals, since the start, that came too late because another host had sealed the generation.
        package var fenced: Int
        /// The number of this host's records, since the start, that were dropped because another host collected them.
        package var droppedRecords: Int

        package init(
            name: String, host: String, lease: String, ttlSeconds: Int, renewedAt: String?, problem: String?,
            draining: Bool, hosts: [String], holds: Int, configured: Int, takeovers: Int, fenced: Int,
            droppedRecords: Int
        ) {
            self.name = name
            self.host = host
            self.lease = lease
            self.ttlSeconds = ttlSeconds
            self.renewedAt = renewedAt
            self.problem = problem
            self.draining = draining
            self.hosts = hosts
            self.holds = holds
            self.configured = configured
            self.takeovers = takeovers
            self.fenced = fenced
            self.droppedRecords = droppedRecords
        }
    }

    /// Which host of the fleet collects an integration.
    package struct Holder: Codable, Sendable, Equatable {
        /// The host that holds the integration; absent if no host does.
        package var host: String?
        /// When that host began to hold the integration; absent if no host holds it.
        package var since: String?
        /// The host that held the integration before.
        package var previousHost: String?
        /// The generation that is being collected. Only the host that collects the integration reports it.
        package var generation: Int?

        package init(host: String?, since: String?, previousHost: String?, generation: Int?) {
            self.host = host
            self.since = since
            self.previousHost = previousHost
            self.generation = generation
        }
    }

    /// The state of one integration, for an on-call person.
    package struct Integration: Codable, Sendable, Equatable {
        package var name: String
        package var org: String
        package var state: State
        /// When this state began.
        package var since: String
        package var problem: Problem?
        /// How far collection lags behind the present, in seconds: the age of the newest event if there is a backlog,
        /// otherwise the time since Okta's last answer. Absent before the first answer.
        package var lagSeconds: Int?
        package var lastEventAt: String?
        package var lastAnswerAt: String?
        package var lastRequestId: String?
        package var nextAttemptAt: String?
        package var events: Int
        package var rejected: Int
        package var requests: Int
        package var eventsPerSecond: Double
        /// Records that are durable but not in a sealed segment yet.
        package var unsealedRecords: Int
        /// The size of the unsealed records on disk, in the state directory.
        package var unsealedBytes: Int?
        /// The time by which the oldest unsealed record will be sealed; absent if there are no unsealed records.
        package var sealDueAt: String?
        package var credential: String
        package var credentialExpires: String?
        /// Events that were received again and dropped.
        package var duplicates: Int?
        /// How many times the log was queried by time because Okta's link to the next page could not be used.
        package var freshQueries: Int?
        /// Collected events that may be duplicates, because Tributary could not prove that they were new.
        package var unproven: Int?
        /// How far this host's clock is ahead of Okta's, negative if it is behind; absent if they agree within a minute.
        package var clockAheadSeconds: Int?
        /// True if an operator has paused the integration; absent otherwise.
        package var pausedByOperator: Bool?
        /// The backfill that runs along with the collection of the newest events.
        package var backfill: Backfill?
        /// The period in which Okta stored events that it deleted before they were collected.
        package var gap: Gap?
        /// The number of requests with each result.
        package var requestsByOutcome: Outcomes?
        /// The org's rate limit for its log; absent until an answer from Okta has contained a limit.
        package var budget: Budget?
        /// When the sealing of due records began to fail; absent if sealing works.
        package var sealingFailedSince: String?

        /// The host of the fleet that collects the integration; absent outside a fleet.
        package var holder: Holder?

        /// Whether an operator has paused the integration.
        package var isPaused: Bool { pausedByOperator == true }
        /// Whether another host of the fleet collects the integration, or no host does.
        package var isStandby: Bool { state == .standby }
        /// Whether a person has to look at the integration.
        package var isTrouble: Bool { state.isTrouble && !isPaused }
    }

    /// The number of requests by the kind of their answer.
    package struct Outcomes: Codable, Sendable, Equatable {
        /// Answers with 200.
        package var answered = 0
        /// Answers with 429.
        package var rateLimited = 0
        /// Answers with another status.
        package var refused = 0
        /// Requests without an answer.
        package var unanswered = 0

        package init() {}
    }

    /// The org's rate limit for its log.
    package struct Budget: Codable, Sendable, Equatable {
        /// The number of requests per minute that the org allows to all clients together.
        package var limit: Int
        /// The number of requests that were left in the current minute, according to Okta's last answer.
        package var remaining: Int
    }

    /// A running backfill.
    package struct Backfill: Codable, Sendable, Equatable {
        /// The time of the first events that the backfill fetched.
        package var from: String
        /// The time up to which the backfill fetches events.
        package var until: String
        package var reachedAt: String
        /// The progress, 0…1, computed from the times of the events.
        package var fraction: Double
        package var remainingSeconds: Int?
    }

    package struct Gap: Codable, Sendable, Equatable {
        package var from: String
        package var to: String
    }

    /// What an integration is doing. `live` and `catching_up` are healthy.
    package enum State: String, Codable, Sendable {
        case starting
        /// In a fleet: another host collects the integration, or no host does yet.
        case standby
        case live
        case catchingUp = "catching_up"
        case rateLimited = "rate_limited"
        case paused
        case failing
        case stopped

        /// Whether events arrive as they should.
        package var isHealthy: Bool { self == .live || self == .catchingUp }

        /// Whether a person has to do something. A start and a wait for Okta's rate limit do not count, because both end without help.
        package var isTrouble: Bool { self == .failing || self == .paused || self == .stopped }
    }

    /// What is wrong, and what to do about it.
    package struct Problem: Codable, Sendable, Equatable {
        /// A value of ``ProblemKind``. A later version may have others.
        package var kind: String
        package var message: String
        package var remedy: String
        package var attempts: Int
        /// When the problem began.
        package var since: String
    }

    /// The spool as a whole.
    package struct Spool: Codable, Sendable, Equatable {
        package var directory: String
        package var bytes: Int
        package var maxBytes: Int
        package var segmentsSealed: Int
        /// Why segments that `spool.retention` would delete are kept, in words; absent if no such segment is kept.
        package var deletionHeldUp: String?
    }

    /// The maximum age of a report in seconds. An older report is a sign that the daemon hangs. The limit leaves a margin: even with very many
    /// integrations, a report is made every 15 s.
    package static let longestSilence = 60

    package static let fileName = "status.json"

    package func encoded() throws -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes, .prettyPrinted]
        return try encoder.encode(self)
    }

    package init(decoding data: Data) throws {
        self = try JSONDecoder().decode(Self.self, from: data)
    }

    package init(
        version: String, pid: Int32, startedAt: String, updatedAt: String, stuck: Stuck? = nil,
        waiting: Waiting? = nil, configurationFile: String? = nil, configuration: Configuration? = nil,
        integrations: [Integration], spool: Spool, fleet: Fleet? = nil, responses: [ResponseActivity]? = nil
    ) {
        self.version = version
        self.pid = pid
        self.startedAt = startedAt
        self.updatedAt = updatedAt
        self.stuck = stuck
        self.waiting = waiting
        self.configurationFile = configurationFile
        self.configuration = configuration
        self.integrations = integrations
        self.spool = spool
        self.fleet = fleet
        self.responses = responses
    }
}
