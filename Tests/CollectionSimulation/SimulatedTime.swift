import Spool
import Synchronization

@testable import Collector

/// The clock of a run. It stands still while a task runs. When all tasks wait, it moves to the earliest time for which a task waits.
///
/// So the tasks run one at a time, and a seed always gives the same order.
package final class SimulatedTime: TimeSource {
    private enum Turn {
        case task(CheckedContinuation<Void, Never>)
        case action(@Sendable () -> Void)
    }

    private struct Waiting {
        /// The time at which the wait ends, by Okta's clock, in milliseconds since 1970.
        var at: Int64
        /// Of the waits that end at the same time, the one with the smallest order ends first.
        var order: UInt64
        let number: UInt64
        var moment: ObjectIdentifier?
        let turn: Turn
    }

    private struct State {
        var elapsed: Int64 = 0
        var hostOffset: Int64 = 0
        var isOver: (@Sendable () -> Bool)?
        var stop: (@Sendable () -> Void)?
        /// The number of tasks that do not wait. It is 1 at first, for the task of the caller.
        var running = 1
        var waiting: [Waiting] = []
        var orders: UInt64 = 0

        mutating func nextOrder() -> UInt64 {
            orders += 1
            return orders
        }
    }
    private let state = Mutex(State())
    private let first = ContinuousClock.now

    private let executor: (any TaskExecutor)?

    /// - Parameter executor: the executor of the tasks that ``start(_:)`` creates.
    package init(on executor: (any TaskExecutor)? = nil) { self.executor = executor }

    /// The time by Okta's clock, in milliseconds since 1970.
    package var server: Int64 { state.withLock { Scenario.origin + $0.elapsed } }
    package var now: ContinuousClock.Instant { first + .milliseconds(state.withLock(\.elapsed)) }
    package var wall: Int64 { state.withLock { Scenario.origin + $0.elapsed + $0.hostOffset } }
    package var spool: SpoolInstant { SpoolInstant(wall: wall, monotonic: state.withLock(\.elapsed)) }

    /// Sets how far this host's clock is ahead of Okta's, in milliseconds.
    package func set(hostOffset: Int64) { state.withLock { $0.hostOffset = hostOffset } }

    package func advance(_ milliseconds: Int64) { state.withLock { $0.elapsed += max(0, milliseconds) } }

    /// Sets when the run is to be stopped: `stop` is called at the first sleep or request at which `isOver` returns true.
    package func arm(isOver: @escaping @Sendable () -> Bool, stop: @escaping @Sendable () -> Void) {
        state.withLock { ($0.isOver, $0.stop) = (isOver, stop) }
    }

    package func disarm() { state.withLock { ($0.isOver, $0.stop) = (nil, nil) } }

    /// Calls `stop` if `isOver` returns true.
    package func check() {
        let (isOver, stop) = state.withLock { ($0.isOver, $0.stop) }
        if isOver?() == true { stop?() }
    }

    package func sleep(until instant: ContinuousClock.Instant) async {
        check()
        if Task.isCancelled { return }
        await wait(until: server(at: instant))
    }

    /// The first whole millisecond after an instant, by Okta's clock.
    package func server(at instant: ContinuousClock.Instant) -> Int64 {
        server + max(0, Int64((instant - now) / .milliseconds(1)) + 1)
    }

    // MARK: Turns

    /// Something that happens once, and for which tasks can wait.
    package final class Moment: Sendable {
        fileprivate let state = Mutex(false)
        package init() {}
        package var hasHappened: Bool { state.withLock(\.self) }
    }

    /// Waits for this many milliseconds. Other tasks run meanwhile.
    package func pass(_ milliseconds: Int64) async { await wait(until: server + milliseconds) }

    /// Waits until a time by Okta's clock, in milliseconds since 1970. The wait ends early if `moment` happens or the task is cancelled.
    package func wait(until instant: Int64, for moment: Moment? = nil) async {
        if moment?.hasHappened == true { return }
        let number = state.withLock { state -> UInt64? in
            guard state.running > 1 || state.waiting.contains(where: { $0.at <= instant }) else {
                // No other task runs before that time, so this task continues without a wait.
                state.elapsed = max(state.elapsed, instant - Scenario.origin)
                return nil
            }
            return state.nextOrder()
        }
        guard let number else { return }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                state.withLock { state in
                    state.waiting.append(
                        Waiting(
                            at: instant, order: number, number: number, moment: moment.map(ObjectIdentifier.init),
                            turn: .task(continuation)))
                    state.running -= 1
                }
                goOn()
            }
        } onCancel: {
            hasten { $0.number == number }
        }
    }

    /// Waits until a task has ended. Returns false if the task does not end within ten simulated years.
    package func join(_ task: SimulatedTask) async -> Bool {
        await wait(until: server + 10 * 365 * 86_400_000, for: task.end)
        return task.isOver || Task.isCancelled
    }

    /// Lets the moment happen, which ends all waits for it.
    package func happen(_ moment: Moment) {
        moment.state.withLock { $0 = true }
        hasten { $0.moment == ObjectIdentifier(moment) }
    }

    /// Calls `action` at a time by Okta's clock. The caller does not wait for the call.
    package func schedule(at instant: Int64, _ action: @escaping @Sendable () -> Void) {
        state.withLock { state in
            let order = state.nextOrder()
            state.waiting.append(Waiting(at: instant, order: order, number: order, moment: nil, turn: .action(action)))
        }
    }

    /// Starts a task. Only one task runs at a time, so the new task begins at the caller's next wait.
    package func start(_ body: @escaping @Sendable () async -> Void) -> SimulatedTask {
        let task = SimulatedTask()
        schedule(at: server) {
            self.state.withLock { $0.running += 1 }
            task.begin(on: self.executor) {
                await body()
                self.happen(task.end)
                self.state.withLock { $0.running -= 1 }
                self.goOn()
            }
        }
        return task
    }

    private func hasten(_ isMeant: (Waiting) -> Bool) {
        state.withLock { state in
            for index in state.waiting.indices where isMeant(state.waiting[index]) {
                state.waiting[index].at = Scenario.origin + state.elapsed
                state.waiting[index].order = state.nextOrder()
            }
        }
    }

    /// If all tasks wait, continues the task whose wait ends first.
    private func goOn() {
        while let turn = next() {
            switch turn {
            case .task(let continuation): return continuation.resume()
            case .action(let action):
                action()
                state.withLock { $0.running -= 1 }
            }
        }
    }

    private func next() -> Turn? {
        state.withLock { state in
            guard state.running == 0,
                let index = state.waiting.indices.min(by: { left, right in
                    let (left, right) = (state.waiting[left], state.waiting[right])
                    return (left.at, left.order) < (right.at, right.order)
                })
            else { return nil }
            let next = state.waiting.remove(at: index)
            state.elapsed = max(state.elapsed, next.at - Scenario.origin)
            state.running = 1
            return next.turn
        }
    }
}

/// A task of a run.
package final class SimulatedTask: Sendable {
    private struct State {
        var task: Task<Void, Never>?
        var isCancelled = false
    }
    private let state = Mutex(State())
    package let end = SimulatedTime.Moment()

    package var isOver: Bool { end.hasHappened }

    package func cancel() {
        let task = state.withLock { state in
            state.isCancelled = true
            return state.task
        }
        task?.cancel()
    }

    fileprivate func begin(on executor: (any TaskExecutor)?, _ body: @escaping @Sendable () async -> Void) {
        state.withLock { state in
            let task = Task(executorPreference: executor) { await body() }
            state.task = task
            if state.isCancelled { task.cancel() }
        }
    }
}
