/// Keeps track of a delivery's problems. Decides which problem to show, and when a line for the log is due. A plain value.
///
/// A line is due when the first problem begins, and when no problem is left. In between, a failed attempt causes a line in three cases:
/// - Since the last line, a problem has stopped the delivery, or the delivery is no longer stopped.
/// - The problem to show is a different one, and ``otherAfter`` has passed.
/// - ``repeatAfter`` has passed.
struct DeliveryHealth: Sendable {
    /// A problem with a segment, with the source, or with the acknowledgement.
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

    /// The shortest time between two lines about the same problem, in milliseconds.
    static let repeatAfter: Int64 = 600_000

    /// The shortest time between lines about two different problems, in milliseconds. Without this limit, many failing segments would cause many
    /// lines, because the message of each segment is different.
    static let otherAfter: Int64 = 60_000

    /// The problems. The key is the segment's sequence number, 0 for a problem with the source, or -1 for a problem with the acknowledgement.
    private(set) var entries: [Int64: Entry] = [:]
    private var saidAt: Int64?
    private var saidFinal = false
    private var said = ""

    /// The problem to show: the oldest one that stops the delivery. If none stops it, the oldest problem. Nil if there is no problem.
    var worst: Entry? {
        entries.values.min { ($0.isFinal ? 0 : 1, $0.since) < ($1.isFinal ? 0 : 1, $1.since) }
    }

    /// True if a problem stops the delivery. Then no further segment may be taken.
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

    /// Removes the problem with this number, if there is one, because the operation has succeeded. Returns a line if that was the last problem.
    mutating func succeeded(_ sequence: Int64) -> Line? {
        guard entries.removeValue(forKey: sequence) != nil, entries.isEmpty, saidAt != nil else { return nil }
        saidAt = nil
        saidFinal = false
        return .recovered
    }
}
