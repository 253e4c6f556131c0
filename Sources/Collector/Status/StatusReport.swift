import FoundationEssentials

/// What the daemon says of itself: the content of `status.json` in the runtime directory, which `tributary status`
/// and other programs read. Keys are in snake case, times are RFC 3339 in UTC, durations are seconds.
///
/// New keys may be added; a change of meaning or a removal raises `format`.
package struct StatusReport: Codable, Sendable, Equatable {
    /// The version of this document's form.
    package static let currentFormat = 1

    package var format = Self.currentFormat
    package var version: String
    package var pid: Int32
    package var startedAt: String
    package var updatedAt: String
    /// The part of the daemon that has made no progress for too long; absent while all do. The service manager's watchdog is
    /// held back meanwhile.
    package var stuck: Stuck?
    /// What the daemon waits for before it starts; absent once it has started.
    package var waiting: Waiting?
    /// Absent until it has started.
    package var configuration: Configuration?
    package var integrations: [Integration]
    package var spool: Spool

    /// A part that hangs.
    package struct Stuck: Codable, Sendable, Equatable {
        package var part: String
        package var silenceSeconds: Int

        package init(part: String, silenceSeconds: Int) {
            self.part = part
            self.silenceSeconds = silenceSeconds
        }
    }

    /// What keeps the daemon from starting and can pass.
    package struct Waiting: Codable, Sendable, Equatable {
        /// What is wrong, and what to do.
        package var message: String
        /// When it began.
        package var since: String
        package var attempts: Int
        package var nextAttemptAt: String
    }

    /// Which configuration is in force, and what became of attempts to load another.
    package struct Configuration: Codable, Sendable, Equatable {
        package var inForceSince: String
        /// Reloads since the start. A reload that is counted as begun reads the files after that.
        package var reloadsBegun: Int
        package var reloadsFinished: Int
        /// What the last reload that succeeded has changed, in words.
        package var lastChange: String?
        /// The last reload was refused, and the configuration from before it is still in force; absent otherwise.
        package var refused: Refused?
        /// Keys whose new value is used after a restart.
        package var restartNeeded: [String]
    }

    package struct Refused: Codable, Sendable, Equatable {
        package var at: String
        /// Each with file, line and what to do.
        package var problems: [String]
    }

    /// One integration, as an on-call person needs it.
    package struct Integration: Codable, Sendable, Equatable {
        package var name: String
        package var org: String
        package var state: State
        /// When this state began.
        package var since: String
        package var problem: Problem?
        /// Seconds between now and what has been collected: the age of the newest event while there is a backlog,
        /// the time since the last answer from Okta when there is none. Absent before the first answer.
        package var lagSeconds: Int?
        package var lastEventAt: String?
        package var lastAnswerAt: String?
        package var lastRequestId: String?
        package var nextAttemptAt: String?
        package var events: Int
        package var rejected: Int
        package var requests: Int
        package var eventsPerSecond: Double
        /// Records that are durable and not yet in a sealed segment.
        package var unsealedRecords: Int
        /// When the oldest of them is sealed at the latest; absent without any.
        package var sealDueAt: String?
        package var credential: String
        package var credentialExpires: String?
        /// Events that came again and were dropped.
        package var duplicates: Int?
        /// How often the log was asked for again, by time, instead of Okta's link.
        package var freshQueries: Int?
        /// Events that were collected and may have been collected before: none of the remembered ones was found by a query by time.
        package var unproven: Int?
        /// How far this host's clock is ahead of Okta's, below zero if it is behind; absent while they agree within a minute.
        package var clockAheadSeconds: Int?
        /// True for one that an operator has paused; absent otherwise.
        package var pausedByOperator: Bool?
        /// What is collected along with the newest events.
        package var backfill: Backfill?
        /// Events that Okta deleted before they were collected: what it stored between these times.
        package var gap: Gap?
        /// `requests`, by what came of them.
        package var requestsByOutcome: Outcomes?
        /// Of the org's limit for its log; absent before Okta has told it.
        package var budget: Budget?
        /// Since when what is due can't be sealed; absent while it can.
        package var sealingFailedSince: String?

        /// Whether an operator has paused it.
        package var isPaused: Bool { pausedByOperator == true }
        /// Whether a person has to look.
        package var isTrouble: Bool { state.isTrouble && !isPaused }
    }

    /// How many requests got which answer.
    package struct Outcomes: Codable, Sendable, Equatable {
        /// 200.
        package var answered = 0
        /// 429.
        package var rateLimited = 0
        /// Another status.
        package var refused = 0
        /// None.
        package var unanswered = 0

        package init() {}
    }

    /// Requests for the log that the org allows in a minute, to all its clients, and how many of them were left at the last answer.
    package struct Budget: Codable, Sendable, Equatable {
        package var limit: Int
        package var remaining: Int
    }

    /// A backfill under way.
    package struct Backfill: Codable, Sendable, Equatable {
        /// The time of its first events, and the time up to which it goes.
        package var from: String
        package var until: String
        package var reachedAt: String
        /// 0…1, by the events' own time.
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
        case live
        case catchingUp = "catching_up"
        case rateLimited = "rate_limited"
        case paused
        case failing
        case stopped

        /// Whether events arrive as they should.
        package var isHealthy: Bool { self == .live || self == .catchingUp }

        /// Whether a person has to look: not while it starts, nor while it waits for Okta's limit, which passes by itself.
        package var isTrouble: Bool { self == .failing || self == .paused || self == .stopped }
    }

    /// What is wrong, and what to do about it.
    package struct Problem: Codable, Sendable, Equatable {
        /// A word of ``ProblemKind``; a later version may have others.
        package var kind: String
        package var message: String
        package var remedy: String
        package var attempts: Int
        /// When it began.
        package var since: String
    }

    /// The spool as a whole.
    package struct Spool: Codable, Sendable, Equatable {
        package var directory: String
        package var bytes: Int
        package var maxBytes: Int
        package var segmentsSealed: Int
        /// What keeps segments that `spool.retention` would delete, in words; absent when nothing does.
        package var deletionHeldUp: String?
    }

    /// Seconds after which a report is so old that the daemon hangs. With very many integrations one is made every 15 s.
    package static let longestSilence = 60

    package static let fileName = "status.json"

    package func encoded() throws -> Data {
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes, .prettyPrinted]
        return try encoder.encode(self)
    }

    package init(decoding data: Data) throws {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        self = try decoder.decode(Self.self, from: data)
    }

    package init(
        version: String, pid: Int32, startedAt: String, updatedAt: String, stuck: Stuck? = nil,
        waiting: Waiting? = nil, configuration: Configuration? = nil, integrations: [Integration], spool: Spool
    ) {
        self.version = version
        self.pid = pid
        self.startedAt = startedAt
        self.updatedAt = updatedAt
        self.stuck = stuck
        self.waiting = waiting
        self.configuration = configuration
        self.integrations = integrations
        self.spool = spool
    }
}
