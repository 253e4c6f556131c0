/// `device`. Okta Verify fills the event's member `device`, and spells some names inside it in two ways. The device can also come from other parts
/// of the event.
extension RecordMapping {
    /// Writes the device. Three parts of an event can be the device: the member `device`; an actor that is a device; and, in Base Event and
    /// Application Error, which have no source endpoint, the client with its address.
    mutating func device(_ actor: Identity?, _ endpoint: SourceEndpoint) {
        let device = event[.device]
        var idNode = event.child(device, .id)
        var nameNode = event.child(device, .name)
        if event.known(idNode) == nil, event.known(nameNode) == nil, principal == .device, let actor {
            idNode = actor.id
            nameNode = event.known(actor.displayName) != nil ? actor.displayName : actor.alternateId
        }
        let id = event.known(idNode)
        let name = event.known(nameNode)
        let isClient = kind == .base || kind == .applicationError ? endpoint.ip != nil : false
        // OCSF requires a uid, a name or an address, or another attribute that Okta's events never have.
        guard id != nil || name != nil || isClient else { return }
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
        if isClient {
            addressAttributes(endpoint, .device)
            explain("device.ip", "the class has no source endpoint, so the client is the device")
        }
        let platformNode = event.child(device, .platform) ?? event.child(device, .osPlatformSnake)
        let versionNode = event.child(device, .osVersion) ?? event.child(device, .osVersionSnake)
        let platform = event.known(platformNode)
        if platform == nil, isClient, event.text(event.child(event[.client], .device)) != nil {
            clientType()
        } else {
            deviceType(platform)
        }
        if let platform {
            let version = event.known(versionNode)
            operatingSystem(platform, version: version)
            event.consume(platformNode)
            if version != nil { event.consume(versionNode) }
        } else if isClient {
            let os = event.child(event.child(event[.client], .userAgent), .os)
            if let name = event.known(os) {
                operatingSystem(name, version: nil)
                event.consume(os)
            }
        }
        let managed = event.child(device, .managed)
        if let isManaged = event.flag(managed) {
            writer.put(isManaged ? "\"is_managed\":true," : "\"is_managed\":false,")
            if event.boolean(managed) != nil { event.consume(managed) }
        }
        writer.endObject()
    }

    /// Writes the type of the device, which OCSF requires. It follows from the platform, because Okta does not state a type.
    private mutating func deviceType(_ platform: JSONText?) {
        guard let platform else { return writer.put("\"type_id\":0,\"type\":\"Unknown\",") }
        if platform.equalsIgnoringCase("ios") || platform.equalsIgnoringCase("android") {
            writer.put("\"type_id\":5,\"type\":\"Mobile\",")
        } else if platform.equalsIgnoringCase("macos") || platform.equalsIgnoringCase("windows")
            || platform.equalsIgnoringCase("osx") || platform.equalsIgnoringCase("linux")
        {
            writer.put("\"type_id\":2,\"type\":\"Desktop\",")
        } else {
            writer.put("\"type_id\":0,\"type\":\"Unknown\",")
        }
    }
}
