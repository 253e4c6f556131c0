/// When Tributary deletes sealed segments: `spool.retention`.
package enum RetentionSetting: Sendable, Equatable {
    case never
    /// A segment is deleted this long after it was sealed, but not before every registered loader has acknowledged the segment. If no loader is
    /// registered, only the age counts.
    case after(Duration)
    /// A segment is deleted as soon as every registered loader has acknowledged it; never if no loader is registered.
    case acknowledged

    /// How long Tributary distrusts the wall clock after the clock was changed: the retention period for `after`, an hour otherwise. Monotonic
    /// milliseconds.
    var clockPatience: Int64 {
        if case .after(let age) = self { age.milliseconds } else { DeletionRule.patience }
    }
}

/// Says which sealed segments may be deleted. The rule is a plain value, and is applied to the manifest's lines one by one.
package struct DeletionRule: Sendable, Equatable {
    /// Delete only segments sealed before this time, in wall-clock milliseconds; nil for no minimum age.
    package var sealedBefore: Int64?
    /// Delete only segments up to this manifest position; nil if no acknowledgement is needed.
    package var acknowledgedThrough: Int64?
    /// A segment that lacks only an acknowledgement is reported as waiting if it was sealed before this time. Wall-clock milliseconds.
    package var waitingSince: Int64
    /// Delete only segments of this integration; nil for all.
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

    /// How long a loader may take to acknowledge a segment before the segment is reported as waiting. Milliseconds.
    static let patience: Int64 = 3_600_000

    /// The rule for the daemon's own retention; nil if nothing may be deleted.
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

    /// True if the segment is too young to be deleted, or is not acknowledged and too young to be reported as waiting. The later segments in the
    /// manifest are younger, so this is true of them, too.
    func keepsAll(after sequence: Int64, sealedAt: Int64) -> Bool {
        if let sealedBefore, sealedAt >= sealedBefore { return true }
        return acknowledgedThrough.map { sequence > $0 && waitingSince <= sealedAt } ?? false
    }

    enum Verdict { case delete, wait, keep }

    /// - Parameters:
    ///   - path: relative to the spool's directory.
    ///   - sealedAt: wall-clock milliseconds from the segment's name.
    func verdict(sequence: Int64, path: String, sealedAt: Int64) -> Verdict {
        if let integration, !path.split(separator: "/").contains("integration=\(integration)") { return .keep }
        if let sealedBefore, sealedAt >= sealedBefore { return .keep }
        if let acknowledgedThrough, sequence > acknowledgedThrough { return sealedAt < waitingSince ? .wait : .keep }
        return .delete
    }
}
