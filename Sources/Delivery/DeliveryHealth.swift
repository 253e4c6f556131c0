/// Keeps track of a delivery's problems. Provides the problem to show, and the lines for the log: one when the first problem begins, one every ten
/// minutes while a problem lasts, and one when all problems are over. A plain value.
struct DeliveryHealth: Sendable {
    /// A problem with one segment, with the spool (sequence 0), or with the acknowledgement (sequence -1).
    struct Entry: Sendable, Equatable {
        var trouble: DeliveryTrouble
        var segment: String?
        var attempts: Int
        /// Milliseconds since 1970.
        var since: Int64
        var nextAttempt: Int64?
        var isFinal: Bool
    }

    /// A line for the log.
    enum Line: Sendable, Equatable {
        case waiting(DeliveryTrouble)
        case stopped(DeliveryTrouble)
        case recovered
    }

    /// The time between two lines about the same problem, in milliseconds.
    static let repeatAfter: Int64 = 600_000

    /// The shortest time between lines about two different problems, in milliseconds. Without this limit, a failure of many segments would cause as
    /// many lines, because each segment has its own message.
    static let otherAfter: Int64 = 60_000

    private(set) var entries: [Int64: Entry] = [:]
    private var saidAt: Int64?
    private var saidFinal = false
    private var said = ""

    /// The problem to show: one that stops the delivery, if there is any; otherwise the oldest problem.
    var worst: Entry? {
        entries.values.min { ($0.isFinal ? 0 : 1, $0.since) < ($1.isFinal ? 0 : 1, $1.since) }
    }

    /// True if no further segment may be taken.
    var isStopped: Bool { entries.values.contains(where: \.isFinal) }

    /// Notes a failed attempt. Returns a line if one is due.
    mutating func failed(
        _ sequence: Int64, _ trouble: DeliveryTrouble, segment: String?, isFinal: Bool, nextAttempt: Int64?, now: Int64
    ) -> Line? {
        let earlier = entries[sequence]
        entries[sequence] = Entry(
            trouble: trouble, segment: segment, attempts: (earlier?.attempts ?? 0) + 1, since: earlier?.since ?? now,
            nextAttempt: nextAttempt, isFinal: isFinal)
        guard let worst else { return nil }
        let isNew = saidAt == nil || worst.isFinal != saidFinal
        let isOther = worst.trouble.message != said
        guard isNew || now - (saidAt ?? now) >= (isOther ? Self.otherAfter : Self.repeatAfter) else { return nil }
        saidAt = now
        saidFinal = worst.isFinal
        said = worst.trouble.message
        return worst.isFinal ? .stopped(worst.trouble) : .waiting(worst.trouble)
    }

    /// Notes that a segment succeeded. Returns a line if no problem remains.
    mutating func succeeded(_ sequence: Int64) -> Line? {
        guard entries.removeValue(forKey: sequence) != nil, entries.isEmpty, saidAt != nil else { return nil }
        saidAt = nil
        saidFinal = false
        return .recovered
    }
}
