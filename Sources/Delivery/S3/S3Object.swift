import CurlHTTPClient

/// What a segment becomes in a bucket.
struct S3Object: Sendable {
    /// Below the destination's prefix.
    var path: String
    /// What is sent; `nil` for an object that is only looked at or removed.
    var upload: HTTPUpload?
    var bytes: Int64
    /// Of what is sent, in lower-case hexadecimal digits: it is signed.
    var sha256: String
    /// Of the segment that it is made of, where that is another file: made again, it may have other bytes, and stands for the same records.
    var segmentSHA256: String?
    var mediaType: String?
}

/// How segments become objects. A plain value.
package enum S3Form: Sendable {
    /// As they are, under their paths.
    case segments
    /// As Parquet, under their paths, or in the layout of Amazon Security Lake.
    case parquet(ParquetForm)
}

/// Parquet files, and who makes them.
package struct ParquetForm: Sendable {
    let converter: ParquetConverter
    let layout: SecurityLakeLayout?

    /// - Parameters:
    ///   - python: the Python that has pyarrow.
    ///   - layout: nil for the paths of the segments.
    package init(python: String, layout: SecurityLakeLayout?) {
        converter = ParquetConverter(python: python)
        self.layout = layout
    }

    /// The file of a segment, always the same.
    func path(of segment: DeliverySegment) -> String? {
        if let layout { return layout.path(segment: segment.path, className: segment.className, date: segment.date) }
        guard let stem = SecurityLakeLayout.stem(segment.path) else { return nil }
        let directory = segment.path.split(separator: "/").dropLast().joined(separator: "/")
        return "\(directory)/\(stem).parquet"
    }

    /// Where an object may be tried out: within the paths that a policy for the segments allows.
    var probeDirectory: String { layout.map { "\($0.source)-tributary-probe" } ?? "_tributary" }
}
