/// One at a time for each name, in the order of asking. For use inside one actor.
struct Turnstile {
    /// Who waits for one name at most.
    static let waitersLimit = 64

    private var waiting: [String: [CheckedContinuation<Void, Never>]] = [:]

    /// Whether nobody has the name; then the caller has it.
    mutating func enterAtOnce(_ name: String) -> Bool {
        guard waiting[name] == nil else { return false }
        waiting[name] = []
        return true
    }

    func isCrowded(_ name: String) -> Bool { waiting[name].map { $0.count >= Self.waitersLimit } ?? false }

    /// Resumes the continuation when its turn has come; then its owner has the name.
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
