/// The optional parts of a record.
package struct NormalizerSettings: Sendable, Equatable {
    /// Whether the record has `raw_data`, the event as Okta sent it, with size and SHA-256.
    package var rawData: Bool
    /// Whether the record has `observables[]`.
    package var observables: Bool
    /// Whether the record uses the profile `datetime`: `time_dt` next to `time`.
    package var datetime: Bool
    /// Whether each member of `unmapped` is written as text, whatever its type, for stores with fixed columns.
    package var flattenUnmapped: Bool
    /// The addresses and domains that records call internal.
    package var network: MyNetwork
    /// True if an object that is not a LogEvent is refused. Use this only for input from arbitrary sources. For Okta's log it is false, so that every
    /// object becomes a record and nothing is dropped.
    package var refusesOtherObjects: Bool
    /// The version of OCSF that records follow.
    package var schemaVersion: SchemaVersion

    package init(
        rawData: Bool = true, observables: Bool = true, datetime: Bool = false, flattenUnmapped: Bool = false,
        network: MyNetwork = MyNetwork(), refusesOtherObjects: Bool = false, schemaVersion: SchemaVersion = .native
    ) {
        self.rawData = rawData
        self.observables = observables
        self.datetime = datetime
        self.flattenUnmapped = flattenUnmapped
        self.network = network
        self.refusesOtherObjects = refusesOtherObjects
        self.schemaVersion = schemaVersion
    }
}

/// The attributes about the source, which are the same in all records of one integration. They are rendered once.
package struct EventSource: Sendable {
    /// The org's host name, such as `acme.okta.com`; nil if it is not known, as for events from a file.
    package let orgHost: String?
    /// The address from which the log is read.
    package let logURL: String?
    let constants: RecordConstants

    /// An invalid host name (RFC 1123) is left out of the records. So is a URL that contains a blank, a control character, a byte that is not ASCII,
    /// a quotation mark or a backslash.
    package init(orgHost: String? = nil, logURL: String? = nil) {
        self.orgHost = orgHost.flatMap { Self.isHostName($0) ? $0 : nil }
        self.logURL = logURL.flatMap { url in
            !url.isEmpty && url.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != 0x22 && $0 != 0x5C } ? url : nil
        }
        constants = RecordConstants(orgHost: self.orgHost, logURL: self.logURL)
    }

    private static func isHostName(_ text: String) -> Bool {
        guard !text.isEmpty, text.utf8.count <= 253 else { return false }
        return text.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { label in
            !label.isEmpty && label.utf8.count <= 63 && label.utf8.allSatisfy { isAlphanumeric($0) || $0 == 0x2D }
                && label.utf8.first != 0x2D && label.utf8.last != 0x2D
        }
    }
}
