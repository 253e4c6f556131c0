/// Identities of records. They become durable together with the cursor: a commit's frame has its identities, and the header of a new journal has the
/// complete contents of the windows.
extension SpoolWriter {
    /// Whether the window has this identity: it was committed and not dropped since, or it was remembered since the last commit.
    package func knows(_ identity: RecordIdentity, in window: IdentityWindow) -> Bool {
        identities.contains(identity, in: window)
    }

    /// Adds an identity to the window with the next commit, or not at all if that commit is discarded or throws. A commit with more than 131,072
    /// identities throws `tooMuch`.
    package func remember(_ identity: RecordIdentity, in window: IdentityWindow) {
        identities.remember(identity, in: window)
    }

    /// Empties the window at the beginning of the next commit. Until then, its identities stay known. If the commit is discarded or throws, the
    /// window is not emptied.
    package func forget(_ window: IdentityWindow) { identities.empty(window) }

    /// At the end of the next commit, appends all identities of `source` to `target`, and empties `source`. If the commit is discarded or throws,
    /// nothing is moved. Identities that `source` has dropped count as dropped by `target`.
    package func move(_ source: IdentityWindow, to target: IdentityWindow) { identities.move(source, to: target) }

    /// Like ``move(_:to:)``, but for two windows that hold parts of the same stretch of the log. Identities that `target` already has stay where they
    /// are. The other identities of `source` are inserted so that `target` stays in the order of the log.
    ///
    /// - Parameter leastCommon: if fewer common identities than this are in the same order in both windows, this also does the same as `move`.
    package func merge(_ source: IdentityWindow, into target: IdentityWindow, leastCommon: Int) {
        identities.merge(source, into: target, leastCommon: leastCommon)
    }

    /// Sets the size of a window, 0...262,144 identities. Call this each time the writer is opened. Without this call, the window has the size that
    /// the journal has recorded, or 8,192 if the journal has recorded none. The window keeps at least the newest `count` identities. It drops all
    /// identities of a commit together, once the later commits alone have `count` identities.
    package func bound(_ window: IdentityWindow, count: Int) {
        identities.limit(window, to: min(max(0, count), IdentityWindow.maximumBound))
    }

    /// The number of identities in the window, as of the last durable commit.
    package func identityCount(_ window: IdentityWindow) -> Int { identities.count(window) }

    /// The minimum number of identities that the window keeps.
    package func identityBound(_ window: IdentityWindow) -> Int {
        identities.memory(window)?.bound ?? IdentityWindow.defaultBound
    }

    /// The number of identities in each window that is not empty, as of the last durable commit.
    package var identityCounts: [IdentityWindow: Int] { identities.counts }

    /// The largest `latest` of all commits that the window has dropped because it was full, since it was last emptied. If another window's identities
    /// were moved here, the commits that the other window had dropped count, too. Nil if there are no such commits.
    package func droppedLatest(_ window: IdentityWindow) -> Int64? { identities.memory(window)?.droppedLatest }

    /// The largest `earliest` of the window's commits; nil if the window is empty. The collector passes a median as `earliest`, hence the name.
    package func newestMedian(_ window: IdentityWindow) -> Int64? { identities.memory(window)?.newestMedian }

    /// The largest `latest` of the window's commits; nil if the window is empty.
    package func latest(_ window: IdentityWindow) -> Int64? { identities.memory(window)?.latest }

    /// The smallest `IdentityTimes.earliest` of the commits that have an identity at one of these depths. The newest identity has depth 0. Nil if the
    /// window does not have identities at all of these depths.
    package func earliest(_ window: IdentityWindow, depths: Range<Int>) -> Int64? {
        identities.memory(window)?.earliest(depths: depths)
    }

    /// The number of identities in the window that are newer than the given identity, as of the last durable commit; nil if the window does not have
    /// it.
    package func depth(of identity: RecordIdentity, in window: IdentityWindow) -> Int? {
        identities.memory(window)?.depth(of: identity)
    }

    /// A window's identities, oldest first.
    package func identityList(_ window: IdentityWindow) -> [RecordIdentity] {
        identities.memory(window)?.contents.flatMap(\.identities) ?? []
    }
}
