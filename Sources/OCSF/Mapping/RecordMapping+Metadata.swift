import CSimdjson

/// `metadata` and `time`. They come first, `metadata.uid` before everything else, so that a reader finds a record's key quickly.
extension RecordMapping {
    struct MetadataHead {
        var uid: Range<Int>
        var published: Int64?
        var isUIDDerived: Bool
        /// The position at which `metadata.profiles` is inserted later, once it is known which profiles the record uses.
        var profiles: Int
    }

    mutating func metadata(collectedAt: Int64, isFallback: Bool) -> MetadataHead {
        writer.put("{\"metadata\":{\"uid\":\"")
        let uidStart = writer.count
        let uuid = event.known(event[.uuid])
        if let uuid {
            writer.copy(uuid)
            event.consume(event[.uuid])
        } else {
            // The uid is derived from the event's bytes, so that the same event always gets the same uid.
            _ = digest.digest(event.bytes, event.count, into: digestBytes)
            writer.uuid8(digestBytes)
        }
        let uid = uidStart..<writer.count
        writer.put("\",")
        if let uuid { writer.string("\"original_event_uid\":\"", uuid) }
        let profiles = writer.count
        writer.copy(schema.versionMember)
        writer.copy(constants.metadata)
        let version = event[.version]
        if let version = event.known(version) ?? event.number(version), version.count <= LogEvent.longestText {
            writer.string("\"log_version\":\"", version)
            event.consume(event[.version])
        }
        if let level = event.known(event[.severity]) {
            writer.string("\"log_level\":\"", level)
            event.consume(event[.severity])
        }
        if let type = eventType {
            writer.string("\"event_code\":\"", type)
            event.consume(event[.eventType])
        }
        var published: PublishedTime?
        if let text = event.fitting(event[.published]) {
            writer.string("\"original_time\":\"", text)
            event.consume(event[.published])
            published = PublishedTime(text)
        }
        time = published?.milliseconds ?? collectedAt
        explain("metadata.uid", uuid == nil ? "made from the event's bytes, because the event has no uuid" : "uuid")
        explain(
            "time",
            published == nil ? "the time of collection, because “published” is missing or unreadable" : "published")
        let transaction = event.child(event[.transaction], .id)
        if let id = event.known(transaction) {
            writer.string("\"correlation_uid\":\"", id)
            event.consume(transaction)
        }
        writer.put("\"labels\":[")
        if uuid == nil { writer.put("\"uid_derived_from_event\",") }
        if published == nil { writer.put("\"time_of_collection\",") }
        if let published, !published.hasZone { writer.put("\"time_zone_assumed_utc\",") }
        if isFallback { writer.put("\"class_not_fillable\",") }
        if writer.isAtOpening { writer.goBack(to: writer.count - 10) } else { writer.endArray() }
        writer.endObject()
        timestamp("\"time\":", "\"time_dt\":\"", time)
        writer.put("\"timezone_offset\":0,")
        return MetadataHead(
            uid: uid, published: published?.milliseconds, isUIDDerived: uuid == nil, profiles: profiles)
    }

    /// Writes a time as milliseconds since 1970 and, with the profile `datetime`, also as text.
    mutating func timestamp(_ opening: StaticString, _ twinOpening: StaticString, _ milliseconds: Int64) {
        writer.put(opening)
        writer.integer(milliseconds)
        writer.put(",")
        guard settings.datetime else { return }
        writer.put(twinOpening)
        writer.dateTime(milliseconds)
        writer.put("\",")
    }

    /// Writes the list of profiles: exactly those whose attributes the record has.
    mutating func profiles(at mark: Int) {
        switch (settings.datetime, usesHost, usesSecurityControl) {
        case (false, false, false): break
        case (false, false, true): writer.insert("\"profiles\":[\"security_control\"],", at: mark)
        case (false, true, false): writer.insert("\"profiles\":[\"host\"],", at: mark)
        case (false, true, true): writer.insert("\"profiles\":[\"host\",\"security_control\"],", at: mark)
        case (true, false, false): writer.insert("\"profiles\":[\"datetime\"],", at: mark)
        case (true, false, true): writer.insert("\"profiles\":[\"datetime\",\"security_control\"],", at: mark)
        case (true, true, false): writer.insert("\"profiles\":[\"datetime\",\"host\"],", at: mark)
        case (true, true, true): writer.insert("\"profiles\":[\"datetime\",\"host\",\"security_control\"],", at: mark)
        }
    }

    private mutating func explainActivity() {
        if activity == 99 {
            explain("activity_id", "the class has no activity for this event type, so activity_name is the event type")
        } else if kind == .finding, activity == 2, isAboutRisk {
            explain("activity_id", "the risk went down, so this is not a new finding")
        } else {
            explain("activity_id", "from the catalogue, or from the last word of the event type")
        }
        if attack != nil { explain("attacks", "the catalogue's column “attack”") }
    }

    mutating func classification() {
        if isExplaining { explainActivity() }
        writer.copy(schema.classification(kind, activity: activity))
        guard activity == 99 else { return }
        if let type = eventType, !type.isEscaped {
            writer.string("\"activity_name\":\"", type)
        } else {
            writer.put("\"activity_name\":\"Other\",")
        }
    }
}
