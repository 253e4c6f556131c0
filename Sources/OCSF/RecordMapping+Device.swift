/// `device`: the member of the same name that Okta Verify fills, in either of its two spellings.
extension RecordMapping {
    mutating func device() {
        let device = event[.device]
        let idNode = event.child(device, .id)
        let nameNode = event.child(device, .name)
        let id = event.known(idNode)
        let name = event.known(nameNode)
        // OCSF wants a uid or a name (or other things that Okta never has).
        guard id != nil || name != nil else { return }
        if kind != .finding { usesHost = true }
        writer.put("\"device\":{")
        if let id {
            observed("\"uid\":\"", id, "device.uid", .deviceUID)
            event.consume(idNode)
        }
        if let name {
            writer.string("\"name\":\"", name)
            event.consume(nameNode)
        }
        let platformNode = event.child(device, .platform) ?? event.child(device, .osPlatformSnake)
        let versionNode = event.child(device, .osVersion) ?? event.child(device, .osVersionSnake)
        let platform = event.known(platformNode)
        deviceType(platform)
        if let platform {
            let version = event.known(versionNode)
            operatingSystem(platform, version: version)
            event.consume(platformNode)
            if version != nil { event.consume(versionNode) }
        }
        let managed = event.child(device, .managed)
        if let isManaged = event.boolean(managed) {
            writer.put(isManaged ? "\"is_managed\":true," : "\"is_managed\":false,")
            event.consume(managed)
        }
        writer.endObject()
    }

    /// Required. Okta says the platform only: a phone's or a desktop's.
    private mutating func deviceType(_ platform: JSONText?) {
        guard let platform else { return writer.put("\"type_id\":0,\"type\":\"Unknown\",") }
        if platform.equalsIgnoringCase("ios") || platform.equalsIgnoringCase("android") {
            writer.put("\"type_id\":5,\"type\":\"Mobile\",")
        } else if platform.equalsIgnoringCase("macos") || platform.equalsIgnoringCase("windows")
            || platform.equalsIgnoringCase("osx")
        {
            writer.put("\"type_id\":2,\"type\":\"Desktop\",")
        } else {
            writer.put("\"type_id\":0,\"type\":\"Unknown\",")
        }
    }
}
