/// A request of a hop to an agent (BRIDGE.md, "Opening").
public enum HopRequest: Equatable, Sendable {
    /// A request for a connection to the destination, which the agent opens with its system. The source has no effect. With a
    /// handle the connection carries the identity of the flow with that handle; without a handle it carries none.
    case open(FlowAddresses, Handle?)

    /// A request for the limits of the agent's connections, which are sent repeatedly.
    case watch
}
