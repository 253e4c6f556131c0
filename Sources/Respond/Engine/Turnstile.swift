/// Lets one caller at a time have a name, in the order of arrival. For use inside one actor.
struct Turnstile {
    /// The most callers that may wait for one name.
    static let waitersLimit = 64

    private var waiting: [String: [CheckedContinuation<Void, Never>]] = [:]

    /// Gives the name to the caller if it is free. Returns whether it was.
    mutating func enterAtOnce(_ name: String) -> Bool {
        guard waiting[name] == nil else { return false }
        waiting[name] = []
        return true
    }

    func isCrowded(_ name: String) -> Bool { waiting[name].map { $0.count >= Self.waitersLimit } ?? false }

    /// Queues the continuation, which is resumed when the caller has the name.
    mutating func wait(_ name: String, _ continuation: CheckedContinuation<Void, Never>) {
        waiting[name, default: []].append(continuation)
    }

    mutating func leave(_ name: String) {
        guard var others = waiting[name] else { return }
        if others.isEmpty {
            waiting[name] = nil
        } else {
            let next = others.removeFirst()
            waiting[name] = others
            next.resume()
        }
    }
}
