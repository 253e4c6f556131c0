/// When Tributary itself deletes sealed segments: `spool.retention`.
package enum RetentionSetting: Sendable, Equatable {
    case never
    /// This long after sealing, and not before every registered loader has acknowledged it.
    case after(Duration)
    /// As soon as every registered loader has acknowledged it; without a loader, never.
    case acknowledged

    /// Monotonic milliseconds that a new time of the wall clock is mistrusted for: as long as an age counts.
    var clockPatience: Int64 {
        if case .after(let age) = self { age.milliseconds } else { DeletionRule.patience }
    }
}

/// Which sealed segments may go. A plain value; the manifest's lines are held against it one by one.
package struct DeletionRule: Sendable, Equatable {
    /// Only what was sealed before, in wall-clock milliseconds; nil for however young.
    package var sealedBefore: Int64?
    /// Only what the manifest has up to this position; nil where no loader is asked.
    package var acknowledgedThrough: Int64?
    /// What was sealed before and lacks nothing but an acknowledgement is reported as waiting.
    package var waitingSince: Int64
    /// Only this integration's.
    package var integration: String?

    package init(
        sealedBefore: Int64? = nil, acknowledgedThrough: Int64? = nil, waitingSince: Int64 = .max,
        integration: String? = nil
    ) {
        self.sealedBefore = sealedBefore
        self.acknowledgedThrough = acknowledgedThrough
        self.waitingSince = waitingSince
        self.integration = integration
    }

    /// How long a loader may take where an acknowledgement alone is waited for, before that is reported. Milliseconds.
    static let patience: Int64 = 3_600_000

    /// For the daemon's own retention; nil when nothing may be deleted.
    ///
    /// - Parameter acknowledged: the position of each registered loader.
    init?(_ setting: RetentionSetting, acknowledged: [Int64], now: Int64) {
        switch setting {
        case .never: return nil
        case .after(let age):
            let cutoff = now.subtractingReportingOverflow(age.milliseconds)
            guard !cutoff.overflow else { return nil }
            self.init(
                sealedBefore: cutoff.partialValue, acknowledgedThrough: acknowledged.min(),
                waitingSince: cutoff.partialValue)
        case .acknowledged:
            guard let slowest = acknowledged.min() else { return nil }
            self.init(acknowledgedThrough: slowest, waitingSince: now - Self.patience)
        }
    }

    /// Whether nothing that follows in the manifest may go: it is younger than `sealedAt` and behind the position.
    func keepsAll(after sequence: Int64, sealedAt: Int64) -> Bool {
        if let sealedBefore, sealedAt >= sealedBefore { return true }
        return acknowledgedThrough.map { sequence > $0 && waitingSince <= sealedAt } ?? false
    }

    enum Verdict { case delete, wait, keep }

    /// - Parameters:
    ///   - path: below the spool.
    ///   - sealedAt: wall-clock milliseconds by the segment's name.
    func verdict(sequence: Int64, path: String, sealedAt: Int64) -> Verdict {
        if let integration, !path.split(separator: "/").contains("integration=\(integration)") { return .keep }
        if let sealedBefore, sealedAt >= sealedBefore { return .keep }
        if let acknowledgedThrough, sequence > acknowledgedThrough { return sealedAt < waitingSince ? .wait : .keep }
        return .delete
    }
}
