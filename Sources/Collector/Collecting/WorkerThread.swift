import CLinux
import Glibc
import Systemd

/// A serial executor with its own thread, for an actor whose methods block. Compressing, writing and waiting for
/// the disk must not occupy a thread of Swift's cooperative pool, which has no more threads than the machine has cores.
///
/// The thread lives as long as the process; it sleeps on a condition variable while there is nothing to do.
package final class WorkerThread: SerialExecutor, @unchecked Sendable {
    private let name: String
    /// Accessed only while `mutex` is held, which makes the class safe to share.
    private var jobs: [UnownedJob] = []
    /// On the heap: a lock needs a fixed address, which two threads may use at the same time. Swift's exclusivity rule
    /// does not allow that for a stored property.
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    private let wakeUp: UnsafeMutablePointer<pthread_cond_t>

    /// Starts the thread.
    ///
    /// - Parameters:
    ///   - name: shown by `ps -L` and `top -H`; Linux keeps its first 15 bytes (prctl(2)).
    package init(name: String) {
        self.name = name
        // Never freed, because the thread never ends.
        mutex = .allocate(capacity: 1)
        wakeUp = .allocate(capacity: 1)
        mutex.initialize(to: pthread_mutex_t())
        wakeUp.initialize(to: pthread_cond_t())
        pthread_mutex_init(mutex, nil)
        pthread_cond_init(wakeUp, nil)
        let status = DetachedThread.start { self.run() }
        // Without this thread the process can't work, so it ends.
        precondition(status == 0, "cannot start the thread \(name): \(String(cString: strerror(status)))")
    }

    package func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        pthread_mutex_lock(mutex)
        jobs.append(job)
        pthread_mutex_unlock(mutex)
        pthread_cond_signal(wakeUp)
    }

    private func run() -> Never {
        tributary_name_thread(name)
        var batch: [UnownedJob] = []
        while true {
            pthread_mutex_lock(mutex)
            while jobs.isEmpty { pthread_cond_wait(wakeUp, mutex) }
            swap(&batch, &jobs)
            pthread_mutex_unlock(mutex)
            for job in batch { job.runSynchronously(on: asUnownedSerialExecutor()) }
            batch.removeAll(keepingCapacity: true)
        }
    }
}
