import Time

/// The two clocks of the engine, and the function with which it waits. Tests provide their own.
package struct ResponseClock: Sendable {
    /// The wall clock: milliseconds since 1970.
    package var wall: @Sendable () -> Int64
    /// The monotonic clock, for waits and time limits.
    package var instant: @Sendable () -> ContinuousClock.Instant
    /// Waits: returns at the given instant, or earlier if the task is cancelled.
    package var wait: @Sendable (ContinuousClock.Instant) async -> Void

    package init(
        wall: @escaping @Sendable () -> Int64, instant: @escaping @Sendable () -> ContinuousClock.Instant,
        wait: @escaping @Sendable (ContinuousClock.Instant) async -> Void
    ) {
        self.wall = wall
        self.instant = instant
        self.wait = wait
    }

    /// The clocks of this host.
    package static let system = ResponseClock(
        wall: { UTCTime.now().milliseconds }, instant: { ContinuousClock.now },
        wait: { try? await Task.sleep(until: $0, clock: .continuous) })
}
