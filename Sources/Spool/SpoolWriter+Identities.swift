/// Identities of records, durable in step with the cursor: a commit's are in its frame, and a seal's new journal begins with all of them.
extension SpoolWriter {
    /// Whether an identity is in any window: committed and not dropped, or remembered since the last commit.
    package func knows(_ identity: RecordIdentity) -> Bool { identities.contains(identity) }

    /// Becomes part of the next commit; is forgotten when that is discarded or throws. A commit takes 65,536 at most, and throws `tooMuch` above.
    package func remember(_ identity: RecordIdentity, in window: IdentityWindow) {
        identities.remember(identity, in: window)
    }

    /// The next commit empties the window before it adds, also when it adds nothing; undone when that is discarded or throws. Until
    /// then what is in it is known.
    package func forget(_ window: IdentityWindow) { identities.empty(window) }

    /// Bounds a window, now and from now on; to be called at each opening (8,192 and no span before the first time). It remembers the newest `count`
    /// identities at least, 0...262,144: a commit goes when those behind it are as many. And commits go whose
    /// mark is more than `span` below the newest.
    package func bound(_ window: IdentityWindow, count: Int, span: Int64?) {
        identities.limit(
            window,
            to: IdentityBound(count: min(max(0, count), IdentityBound.maximumCount), span: span.map { max(0, $0) }))
    }

    /// The smallest mark from which on everything is remembered, but for what `span` dropped; nil while nothing was dropped for `count`
    /// since the window was last emptied.
    package func rememberedSince(_ window: IdentityWindow) -> Int64? {
        identities.droppedMark(window).map { $0 == .max ? $0 : $0 + 1 }
    }

    /// How many identities each window remembers, as of the last durable commit.
    package var identityCounts: [IdentityWindow: Int] { identities.counts }
}
