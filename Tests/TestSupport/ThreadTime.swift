import Glibc

/// The processor time that the calling thread uses for `work`.
///
/// Tests use it to distinguish linear from quadratic work. Unlike elapsed time, it does not grow with the load of the machine.
package func processorTime(of work: () throws -> Void) rethrows -> Duration {
    let start = threadTime()
    try work()
    return threadTime() - start
}

private func threadTime() -> Duration {
    var time = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
}
