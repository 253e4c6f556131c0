/// Keeps track of the segments in progress, and of the position up to which all segments are delivered. A plain value.
///
/// Segments are taken in the source's order, but may finish in any order. Only segments before the first unfinished one may be acknowledged.
package struct DeliveryProgress: Sendable, Equatable {
    /// The position up to which all segments are durably acknowledged.
    package private(set) var acknowledged: Int64
    /// The position up to which all segments are delivered.
    package private(set) var position: Int64
    /// The position of the last segment that was taken.
    package private(set) var taken: Int64
    /// The taken segments after ``position``, in order.
    private var open: [(sequence: Int64, isDone: Bool)] = []

    /// Starts with the segment after an acknowledged position.
    package init(acknowledged: Int64) {
        self.acknowledged = acknowledged
        position = acknowledged
        taken = acknowledged
    }

    /// The number of segments that are taken but not done.
    package var underWay: Int { open.count { !$0.isDone } }
    /// The number of positions that are taken but not acknowledged.
    package var span: Int { finished.count + open.count }
    /// Whether there is something new to acknowledge.
    package var isAhead: Bool { position > acknowledged }
    /// The number of positions that are done but not acknowledged. After a crash, their segments are delivered again.
    package var unacknowledged: Int { finished.count + open.count { $0.isDone } }
    /// The positions that are done and can be acknowledged, in order.
    private var finished: [Int64] = []

    /// Notes that a segment is taken. Its position must be greater than the positions of all segments that were taken before.
    package mutating func take(_ sequence: Int64) {
        taken = max(taken, sequence)
        open.append((sequence, false))
    }

    /// Notes a position with nothing to deliver, which counts as done.
    package mutating func pass(_ sequence: Int64) {
        taken = max(taken, sequence)
        open.append((sequence, true))
        advance()
    }

    /// Notes that a segment is delivered.
    package mutating func finish(_ sequence: Int64) {
        guard let place = open.firstIndex(where: { $0.sequence == sequence }) else { return }
        open[place].isDone = true
        advance()
    }

    /// Notes that everything up to a position is durably acknowledged.
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
