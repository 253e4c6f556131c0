import CommandHints
import Glibc
import Spool
import Synchronization
import Time

/// The spool of this host as the source of a delivery. The spool's manifest lists the segments; `_acks/NAME.json` records what is delivered.
package final class SpoolSource: SegmentSource {
    private struct State {
        var queue: DeliveryQueue?
        var acknowledged: Int64 = 0
    }

    private let loader: String
    private let directory: String
    private let acknowledgements: AcknowledgementFiles
    private let prepare: @Sendable () -> Void
    private let clock: @Sendable () -> Int64
    private let state = Mutex(State())

    /// - Parameters:
    ///   - loader: the destination's name.
    ///   - directory: the absolute path of the spool.
    ///   - prepare: creates the directory for acknowledgements. Called each time the source opens the spool. Not needed for a
    ///     spool in the standard directory, because the installed package has created its directory for acknowledgements.
    package init(
        loader: String, directory: String, prepare: @escaping @Sendable () -> Void = {},
        clock: @escaping @Sendable () -> Int64 = { UTCTime.now().milliseconds }
    ) {
        self.loader = loader
        self.directory = directory
        self.prepare = prepare
        self.clock = clock
        acknowledgements = AcknowledgementFiles(spool: directory)
    }

    package var place: String? { nil }
    package var holder: String? { nil }
    package var lag: (segments: Int, bytes: Int64) {
        state.withLock { ($0.queue?.lag.segments ?? 0, $0.queue?.lag.bytes ?? 0) }
    }

    package func refresh(missing: [DeliverySegment]) throws(DeliveryTrouble) -> Int64? {
        try state.withLock { state throws(DeliveryTrouble) in
            do throws(SpoolError) {
                let begin = state.queue == nil ? try open(&state) : try again(missing, &state)
                try state.queue?.count()
                return begin
            } catch {
                throw Self.trouble(error)
            }
        }
    }

    private func open(_ state: inout State) throws(SpoolError) -> Int64 {
        let reader = try SpoolReader(directory: directory)
        prepare()
        var known = try acknowledgements.acknowledgement(of: loader)
        if known == nil {
            // Once this acknowledgement exists, retention keeps the segments that are not delivered to this destination yet.
            known = try acknowledgements.acknowledge(loader, through: 0, at: clock())
        }
        return begin(reader, after: known?.sequence ?? 0, &state)
    }

    private func begin(_ reader: SpoolReader, after position: Int64, _ state: inout State) -> Int64 {
        state.queue = DeliveryQueue(reader, after: position)
        state.acknowledged = position
        return position
    }

    /// Checks whether missing segments were restored, or were skipped with an acknowledgement. If so, returns the position after which the delivery
    /// begins again.
    private func again(_ missing: [DeliverySegment], _ state: inout State) throws(SpoolError) -> Int64? {
        guard !missing.isEmpty, let queue = state.queue else { return nil }
        let acknowledged = try acknowledgements.acknowledgement(of: loader)?.sequence ?? 0
        let isBack = missing.contains { access($0.file, F_OK) == 0 }
        guard isBack || acknowledged > state.acknowledged else { return nil }
        return begin(queue.reader, after: max(acknowledged, state.acknowledged), &state)
    }

    package func peek() throws(DeliveryTrouble) -> SourceSegment? {
        try state.withLock { state throws(DeliveryTrouble) in
            do throws(SpoolError) {
                while let line = try state.queue?.peek() {
                    guard let segment = DeliverySegment(line, spool: directory) else {
                        state.queue?.take()
                        continue
                    }
                    return SourceSegment(
                        segment, isDelivered: line.segment?.isDelivered == true, isGone: line.state == .gone)
                }
                return nil
            } catch {
                throw Self.trouble(error)
            }
        }
    }

    package func take() { state.withLock { $0.queue?.take() } }

    package func settle(bytes: Int64) { state.withLock { $0.queue?.settle(bytes: bytes) } }

    package func acknowledge(through number: Int64) throws(DeliveryTrouble) -> Int64 {
        do throws(SpoolError) {
            try acknowledgements.acknowledge(loader, through: number, at: clock())
        } catch {
            throw DeliveryTrouble("\(error)", remedy: "")
        }
        state.withLock { $0.acknowledged = number }
        return number
    }

    package var acknowledgementRemedy: String {
        "Make the service's user a member of the spool's group, which may write to \(acknowledgements.directory)"
    }

    package func skipping(_ segment: DeliverySegment) -> String {
        "`\(CommandHint.command("spool ack --loader \(loader) --through \(segment.sequence)"))`"
    }

    package func run() async {}

    package func close() async -> Int64 { state.withLock { $0.acknowledged } }

    package func fetch(_ segment: DeliverySegment) async -> SegmentFetch {
        access(segment.file, F_OK) == 0 || errno != ENOENT ? .ready : .isMissing
    }

    package func release(_ segment: DeliverySegment) {}

    private static func trouble(_ error: SpoolError) -> DeliveryTrouble {
        DeliveryTrouble("\(error)", remedy: "Tributary retries every 10 s")
    }
}
