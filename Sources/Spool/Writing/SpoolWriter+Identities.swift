/// Identities of records, durable in step with the cursor: a commit's are in its frame, and a seal's new journal begins with all of them.
extension SpoolWriter {
    /// Whether an identity is in the window: committed and not dropped, or remembered since the last commit.
    package func knows(_ identity: RecordIdentity, in window: IdentityWindow) -> Bool {
        identities.contains(identity, in: window)
    }

    /// Becomes part of the next commit; is forgotten when that is discarded or throws. A commit takes 131,072 at most, and throws `tooMuch` above.
    package func remember(_ identity: RecordIdentity, in window: IdentityWindow) {
        identities.remember(identity, in: window)
    }

    /// The next commit empties the window before it adds, also when it adds nothing; undone when that is discarded or throws. Until
    /// then what is in it is known.
    package func forget(_ window: IdentityWindow) { identities.empty(window) }

    /// The next commit appends all of `source` to `target`, after what it adds to either, and empties `source`; undone when that is
    /// discarded or throws. What `source` has dropped counts as dropped by `target`.
    package func move(_ source: IdentityWindow, to target: IdentityWindow) { identities.move(source, to: target) }

    /// As ``move(_:to:)``, for windows of which both hold parts of one stretch: what `target` holds already stays where it is, and the rest goes
    /// before the identity that it came before in `source`.
    package func merge(_ source: IdentityWindow, into target: IdentityWindow) { identities.merge(source, into: target) }

    /// Bounds a window, now and from now on; to be called at each opening (8,192 before the first time). It keeps the newest `count`
    /// identities at least, 0...262,144: a commit goes when those after it are as many.
    package func bound(_ window: IdentityWindow, count: Int) {
        identities.limit(window, to: min(max(0, count), IdentityWindow.maximumBound))
    }

    /// How many identities the window holds, as of the last durable commit.
    package func identityCount(_ window: IdentityWindow) -> Int { identities.count(window) }

    /// How many identities the window keeps at least.
    package func identityBound(_ window: IdentityWindow) -> Int {
        identities.memory(window)?.bound ?? IdentityWindow.defaultBound
    }

    /// How many identities each window holds, as of the last durable commit.
    package var identityCounts: [IdentityWindow: Int] { identities.counts }

    /// The largest `latest` of what the window has dropped to keep to its bound; nil while it has dropped nothing since it was last
    /// emptied.
    package func droppedLatest(_ window: IdentityWindow) -> Int64? { identities.memory(window)?.droppedLatest }

    /// The largest `latest` of what the window holds; nil if it is empty.
    package func latest(_ window: IdentityWindow) -> Int64? { identities.memory(window)?.latest }

    /// The smallest `earliest` of the commits that have an identity at one of these depths below the newest (0) in the window; nil when the window is not
    /// as deep.
    package func earliest(_ window: IdentityWindow, depths: Range<Int>) -> Int64? {
        identities.memory(window)?.earliest(depths: depths)
    }

    /// How many identities the window holds that are newer than this one, as of the last durable commit; nil if it does not hold it.
    package func depth(of identity: RecordIdentity, in window: IdentityWindow) -> Int? {
        identities.memory(window)?.depth(of: identity)
    }

    /// What a window holds, oldest first.
    package func identityList(_ window: IdentityWindow) -> [RecordIdentity] {
        identities.memory(window)?.contents.flatMap(\.identities) ?? []
    }
}
