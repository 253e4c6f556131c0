/// Which segments are under way, and up to where all are delivered. A plain value.
///
/// Segments are taken in the manifest's order and come to their end in any. Only the longest run from the last acknowledged position
/// without a gap may be acknowledged.
package struct DeliveryProgress: Sendable, Equatable {
    /// What the acknowledgement file says.
    package private(set) var acknowledged: Int64
    /// All up to here are delivered.
    package private(set) var position: Int64
    /// The last position that was taken.
    package private(set) var taken: Int64
    /// Taken and not part of the run, in order.
    private var open: [(sequence: Int64, isDone: Bool)] = []

    /// Begins after an acknowledged position.
    package init(acknowledged: Int64) {
        self.acknowledged = acknowledged
        position = acknowledged
        taken = acknowledged
    }

    /// How many are taken and not done.
    package var underWay: Int { open.count { !$0.isDone } }
    /// Positions that were taken and are not acknowledged.
    package var span: Int { finished.count + open.count }
    /// Whether there is something new to acknowledge.
    package var isAhead: Bool { position > acknowledged }
    /// Delivered and not yet acknowledged: what would come again after a crash.
    package var unacknowledged: Int { finished.count + open.count { $0.isDone } }
    /// Those of them that can be acknowledged, in order.
    private var finished: [Int64] = []

    /// A segment is taken; its position is after all others.
    package mutating func take(_ sequence: Int64) {
        taken = max(taken, sequence)
        open.append((sequence, false))
    }

    /// A position with nothing to deliver: it counts as done.
    package mutating func pass(_ sequence: Int64) {
        taken = max(taken, sequence)
        open.append((sequence, true))
        advance()
    }

    /// A segment is delivered.
    package mutating func finish(_ sequence: Int64) {
        guard let place = open.firstIndex(where: { $0.sequence == sequence }) else { return }
        open[place].isDone = true
        advance()
    }

    /// Everything up to a position is acknowledged, durably.
    package mutating func acknowledge(through number: Int64) {
        guard number > acknowledged else { return }
        acknowledged = min(number, position)
        finished.removeFirst(finished.prefix { $0 <= acknowledged }.count)
    }

    private mutating func advance() {
        let run = open.prefix { $0.isDone }
        guard let last = run.last else { return }
        position = last.sequence
        finished += run.map(\.sequence)
        open.removeFirst(run.count)
    }

    package static func == (left: Self, right: Self) -> Bool {
        left.acknowledged == right.acknowledged && left.position == right.position && left.taken == right.taken
            && left.finished == right.finished
            && left.open.elementsEqual(right.open) { $0.sequence == $1.sequence && $0.isDone == $1.isDone }
    }
}
