(** Feed-forward networks of any depth and widths, on a product of balls of parameters around any centre:
    the Lipschitz constant of theta |-> N_theta(x).

    N_0 = x,  z_k = A_k N_k + b_k,  N_(k+1) = sigma_k(z_k),  k = 0 .. m-1,  N_k of length [width k].
    Parameter blocks theta_k = (A_k, b_k) carry the Frobenius norm, ||theta - theta'||^2 = Sum ||theta_k - theta'_k||^2.
    Everything is stated by differences, so that no activation needs a derivative: ReLU is covered. *)
From Coq Require Import Reals Lra Psatz Arith Lia.
From Lipsym Require Import Sums.
Open Scope R_scope.

(** What the theorems ask of an activation: |sigma| <= s0 (None: unbounded), sigma(0) = c0, and sigma is s1-Lipschitz. *)
Record activation := {
  value :> R -> R;
  s0 : option R;
  c0 : R;
  s1 : R;
  value_at_zero : value 0 = c0;
  s1_nonneg : 0 <= s1;
  value_lipschitz : forall x y, Rabs (value x - value y) <= s1 * Rabs (x - y);
  value_bounded : match s0 with Some s => forall x, Rabs (value x) <= s | None => True end
}.

Record network := {
  width : nat -> nat;
  act : nat -> activation;
  bias : nat -> bool
}.

Definition parameters := nat -> block.

Section Network.
  Variable net : network.

  Definition z_of (k : nat) (t : block) (u : vec) : vec := affine (width net k) t u.

  Fixpoint N (x : vec) (theta : parameters) (k : nat) : vec :=
    match k with O => x | S j => fun i => act net j (z_of j (theta j) (N x theta j) i) end.

  Definition z (x : vec) (theta : parameters) (k : nat) : vec := z_of k (theta k) (N x theta k).

  Definition parameter_norm (m : nat) (theta : parameters) : R :=
    norm m (fun k => block_norm (width net (S k)) (width net k) (theta k)).

  Definition minus_all (theta theta' : parameters) : parameters := fun k => minus (theta k) (theta' k).

  (** * The region: ||theta_k - c_k|| <= r_k with ||A(c_k)|| <= alpha_k (spectral norm), ||b(c_k)|| <= beta_k *)
  Record region := {
    center : parameters;
    radius : nat -> R;
    alpha : nat -> R;
    beta : nat -> R
  }.

  Record well_formed (D : region) (m : nat) : Prop := {
    radius_nonneg : forall k, (k < m)%nat -> 0 <= radius D k;
    alpha_nonneg : forall k, (k < m)%nat -> 0 <= alpha D k;
    alpha_bound : forall k, (k < m)%nat -> forall u,
      norm (width net (S k)) (linear (width net k) (center D k) u) <= alpha D k * norm (width net k) u;
    beta_bound : forall k, (k < m)%nat -> norm (width net (S k)) (offset (center D k)) <= beta D k;
    center_respects : forall k, (k < m)%nat -> respects (bias net k) (center D k)
  }.

  Definition inside (D : region) (m : nat) (theta : parameters) : Prop :=
    forall k, (k < m)%nat ->
      block_norm (width net (S k)) (width net k) (minus (theta k) (center D k)) <= radius D k /\
      respects (bias net k) (theta k).

  (** The ball around 0 in every layer. *)
  Definition around_zero (r : nat -> R) : region :=
    {| center := fun _ => (fun _ _ => 0, fun _ => 0); radius := r; alpha := fun _ => 0; beta := fun _ => 0 |}.

  Lemma around_zero_well_formed r m : (forall k, (k < m)%nat -> 0 <= r k) -> well_formed (around_zero r) m.
  Proof.
    intros H; split; simpl; auto; intros; try lra.
    - apply sqrt_le_of_sq; [lra|]; unfold linear; simpl.
      rewrite (Sum_ext _ _ (fun _ => 0)), Sum_const; [lra|].
      intros; rewrite (Sum_ext _ _ (fun _ => 0)), Sum_const by (intros; ring); ring.
    - apply sqrt_le_of_sq; [lra|]; rewrite (Sum_ext _ _ (fun _ => 0)), Sum_const by (intros; simpl; ring); lra.
    - easy.
  Qed.

  Variable D : region.
  Variable m : nat.
  Hypothesis D_ok : well_formed D m.

  (** * affine-jet: the gain F_u = alpha + r, the slope F_theta = sqrt(nu^2 + 1) and the value *)

  Definition gain (k : nat) : R := alpha D k + radius D k.
  Definition value_of_affine (k : nat) (nu : R) : R :=
    alpha D k * nu + beta D k + radius D k * slope_norm (bias net k) nu.

  Lemma gain_nonneg k : (k < m)%nat -> 0 <= gain k.
  Proof. intros H; unfold gain; pose proof (radius_nonneg _ _ D_ok k H); pose proof (alpha_nonneg _ _ D_ok k H); lra. Qed.

  Lemma affine_gain k theta u : (k < m)%nat -> inside D m theta ->
    norm (width net (S k)) (linear (width net k) (theta k) u) <= gain k * norm (width net k) u.
  Proof.
    intros H Ht; destruct (Ht k H) as [Hr _].
    rewrite (norm_ext _ _ (fun i => linear (width net k) (center D k) u i
      + linear (width net k) (minus (theta k) (center D k)) u i)) by (intros; rewrite linear_of_minus; ring).
    eapply Rle_trans; [apply norm_triangle|]; unfold gain.
    pose proof (alpha_bound _ _ D_ok k H u).
    pose proof (linear_le (width net (S k)) (width net k) (minus (theta k) (center D k)) u).
    pose proof (norm_nonneg (width net k) u); nra.
  Qed.

  Lemma respects_minus b t t' : respects b t -> respects b t' -> respects b (minus t t').
  Proof. intros H H' E i; unfold minus; simpl; rewrite (H E i), (H' E i); ring. Qed.

  Lemma affine_value k theta u nu : (k < m)%nat -> inside D m theta -> norm (width net k) u <= nu ->
    norm (width net (S k)) (z_of k (theta k) u) <= value_of_affine k nu.
  Proof.
    intros H Ht Hu; destruct (Ht k H) as [Hr Hb]; unfold z_of, affine, value_of_affine.
    rewrite (norm_ext _ _ (fun i => linear (width net k) (center D k) u i + offset (center D k) i
      + affine (width net k) (minus (theta k) (center D k)) u i))
      by (intros; unfold affine; rewrite linear_of_minus; simpl; ring).
    eapply Rle_trans; [apply norm_triangle_3|].
    pose proof (alpha_bound _ _ D_ok k H u); pose proof (beta_bound _ _ D_ok k H).
    pose proof (affine_le (width net (S k)) (width net k) (bias net k) _ u
      (respects_minus _ _ _ Hb (center_respects _ _ D_ok k H))).
    pose proof (norm_nonneg (width net k) u) as U; pose proof (alpha_nonneg _ _ D_ok k H).
    pose proof (slope_norm_le (bias net k) _ _ (conj U Hu)) as P; pose proof (slope_norm_nonneg (bias net k) nu).
    pose proof (block_norm_nonneg (width net (S k)) (width net k) (minus (theta k) (center D k))).
    pose proof (slope_norm_nonneg (bias net k) (norm (width net k) u)).
    assert (block_norm (width net (S k)) (width net k) (minus (theta k) (center D k))
      * slope_norm (bias net k) (norm (width net k) u) <= radius D k * slope_norm (bias net k) nu)
      by (apply Rmult_le_compat; easy).
    nra.
  Qed.

  (** * The ranges ||N_k|| <= n_k (elementwise-jet, order 0):
        n_(k+1) >= sqrt(l) s0  or  n_(k+1) >= sqrt(l) |c0| + s1 zeta_k,  ||z_k|| <= zeta_k. *)
  Variable n : nat -> R.

  Definition range_step (k : nat) : Prop :=
    (exists s, s0 (act net k) = Some s /\ sqrt (INR (width net (S k))) * s <= n (S k)) \/
    sqrt (INR (width net (S k))) * Rabs (c0 (act net k)) + s1 (act net k) * value_of_affine k (n k) <= n (S k).

  Hypothesis n_ok : forall k, (k < m)%nat -> range_step k.

  Lemma elementwise_value k u zeta nu : norm (width net (S k)) u <= zeta ->
    sqrt (INR (width net (S k))) * Rabs (c0 (act net k)) + s1 (act net k) * zeta <= nu ->
    norm (width net (S k)) (fun i => act net k (u i)) <= nu.
  Proof.
    rewrite <- (value_at_zero (act net k)); intros Hu H.
    rewrite (norm_ext _ _ (fun i => act net k 0 + (act net k (u i) - act net k 0))) by (intros; ring).
    eapply Rle_trans; [apply (norm_triangle _ (fun _ => act net k 0))|].
    pose proof (norm_le_const (width net (S k)) _ (fun _ => act net k 0) (Rabs_pos _) (fun i _ => Rle_refl _)).
    assert (norm (width net (S k)) (fun i => act net k (u i) - act net k 0)
      <= s1 (act net k) * norm (width net (S k)) u).
    { apply norm_le_scal; [apply s1_nonneg|]; intros i _.
      eapply Rle_trans; [apply value_lipschitz|]; rewrite Rminus_0_r; lra. }
    pose proof (s1_nonneg (act net k)); nra.
  Qed.

  Lemma elementwise_bounded k u s : s0 (act net k) = Some s ->
    norm (width net (S k)) (fun i => act net k (u i)) <= sqrt (INR (width net (S k))) * s.
  Proof.
    intros E; pose proof (value_bounded (act net k)) as B; rewrite E in B.
    apply norm_le_const; [|intros; apply B]; pose proof (B 0); pose proof (Rabs_pos (act net k 0)); lra.
  Qed.

  (** range: every output of layer k has norm at most n_k. *)
  Theorem ranges x theta : norm (width net 0) x <= n 0%nat -> inside D m theta ->
    forall k, (k <= m)%nat -> norm (width net k) (N x theta k) <= n k.
  Proof.
    intros Hx Ht k; induction k as [|k IH]; intros Hk; [easy|]; cbn [N].
    destruct (n_ok k ltac:(lia)) as [(s & E & H)|H].
    - eapply Rle_trans; [apply (elementwise_bounded k _ s E) | exact H].
    - eapply elementwise_value; [|apply H]; apply affine_value; auto with arith.
  Qed.

  (** * Order 1: how far the outputs of two networks are apart, P_k(e), e_k = ||theta_k - theta'_k|| *)

  Definition slope_at (k : nat) : R := slope_norm (bias net k) (n k).

  Fixpoint P (e : nat -> R) (k : nat) : R :=
    match k with O => 0 | S j => s1 (act net j) * (gain j * P e j + slope_at j * e j) end.
  Definition Pz (e : nat -> R) (k : nat) : R := gain k * P e k + slope_at k * e k.

  Lemma P_nonneg e k : (forall j, 0 <= e j) -> (k <= m)%nat -> 0 <= P e k.
  Proof.
    intros He; induction k as [|k IH]; intros Hk; cbn [P]; [lra|].
    pose proof (gain_nonneg k Hk); pose proof (slope_norm_nonneg (bias net k) (n k)).
    pose proof (s1_nonneg (act net k)); specialize (He k).
    apply Rmult_le_pos; [easy|]; apply Rplus_le_le_0_compat; apply Rmult_le_pos; auto with arith.
  Qed.

  Definition distances (theta theta' : parameters) (k : nat) : R :=
    block_norm (width net (S k)) (width net k) (minus (theta k) (theta' k)).

  (** z_k - z'_k = A_k (N_k - N'_k) + (theta_k - theta'_k)(N'_k, 1) *)
  Lemma pre_activations_apart x theta theta' k : (k < m)%nat ->
    norm (width net 0) x <= n 0%nat -> inside D m theta -> inside D m theta' ->
    norm (width net k) (fun i => N x theta k i - N x theta' k i) <= P (distances theta theta') k ->
    norm (width net (S k)) (fun i => z x theta k i - z x theta' k i) <= Pz (distances theta theta') k.
  Proof.
    intros Hk Hx Ht Ht' H; unfold z, z_of, Pz.
    rewrite (norm_ext _ _ (fun i =>
        linear (width net k) (theta k) (fun j => N x theta k j - N x theta' k j) i
        + affine (width net k) (minus (theta k) (theta' k)) (N x theta' k) i))
      by (intros; unfold affine; rewrite linear_minus, linear_of_minus; simpl; ring).
    eapply Rle_trans; [apply norm_triangle|]; apply Rplus_le_compat.
    - eapply Rle_trans; [now apply affine_gain|].
      apply Rmult_le_compat_l; [now apply gain_nonneg | easy].
    - eapply Rle_trans; [apply (affine_le _ _ (bias net k)), respects_minus; [apply Ht | apply Ht']; easy|].
      rewrite Rmult_comm; apply Rmult_le_compat_r; [apply block_norm_nonneg|].
      apply slope_norm_le; split; [apply norm_nonneg | apply ranges; auto with arith].
  Qed.

  Theorem outputs_apart x theta theta' :
    norm (width net 0) x <= n 0%nat -> inside D m theta -> inside D m theta' ->
    forall k, (k <= m)%nat ->
    norm (width net k) (fun i => N x theta k i - N x theta' k i) <= P (distances theta theta') k.
  Proof.
    intros Hx Ht Ht' k; induction k as [|k IH]; intros Hk; cbn [P].
    - apply sqrt_le_of_sq; [lra|].
      rewrite (Sum_ext _ _ (fun _ => 0)), Sum_const by (intros; simpl; ring); lra.
    - eapply Rle_trans; [apply (norm_le_scal _ (s1 (act net k)) _ (fun i => z x theta k i - z x theta' k i))|].
      + apply s1_nonneg.
      + intros; apply value_lipschitz.
      + apply Rmult_le_compat_l; [apply s1_nonneg|]; apply pre_activations_apart; auto with arith.
  Qed.

  (** layer-sums, order 1:  W_0 = 0,  W_(k+1) = s1^2 (gain^2 W_k + slope^2),  L = sqrt(W_m) *)
  Fixpoint W (k : nat) : R :=
    match k with O => 0 | S j => s1 (act net j) ^ 2 * (gain j ^ 2 * W j + slope_at j ^ 2) end.

  Lemma W_nonneg k : 0 <= W k.
  Proof.
    induction k as [|k IH]; cbn [W]; [lra|]; apply Rmult_le_pos; [apply pow2_ge_0|].
    apply Rplus_le_le_0_compat; [apply Rmult_le_pos; [apply pow2_ge_0 | easy] | apply pow2_ge_0].
  Qed.

  (** P_k(e) <= sqrt(W_k) ||e||: Cauchy-Schwarz, one layer at a time. *)
  Lemma P_le e k : P e k <= sqrt (W k) * norm k e.
  Proof.
    pose proof (W_nonneg k); unfold norm; rewrite <- sqrt_mult by (apply Sum_squares_nonneg || easy).
    apply le_sqrt_of_sq; [apply Rmult_le_pos; [easy | apply Sum_squares_nonneg]|].
    induction k as [|k IH]; cbn [P W Sum]; [nra|].
    rewrite Rpow_mult_distr, Rmult_assoc; apply Rmult_le_compat_l; [apply pow2_ge_0|].
    pose proof (W_nonneg k); pose proof (Sum_squares_nonneg k e).
    rewrite <- (pow2_sqrt (W k)), <- (pow2_sqrt (Sum k (fun i => e i ^ 2))) by easy.
    assert (A : (gain k * P e k) ^ 2 <= (gain k * sqrt (W k) * sqrt (Sum k (fun i => e i ^ 2))) ^ 2).
    { rewrite !Rpow_mult_distr, !pow2_sqrt, Rmult_assoc by easy.
      apply Rmult_le_compat_l; [apply pow2_ge_0 | exact (IH H0)]. }
    set (a := gain k * P e k) in *; set (w := gain k * sqrt (W k)) in *.
    replace (gain k ^ 2 * sqrt (W k) ^ 2) with (w ^ 2) by (unfold w; ring).
    set (y := sqrt (Sum k (fun i => e i ^ 2))) in *; set (b := slope_at k); set (x := e k).
    (* (a + b x)^2 <= (|w y| + |b x|)^2 <= (w^2 + b^2)(y^2 + x^2) *)
    pose proof (cauchy_schwarz_2 (Rabs w) (Rabs y) (Rabs b) (Rabs x)) as C; rewrite !pow2_abs in C.
    eapply Rle_trans; [|exact C]; rewrite <- !Rabs_mult.
    assert (Rabs a <= Rabs (w * y)) by (apply le_of_sq; [apply Rabs_pos | now rewrite !pow2_abs]).
    rewrite <- (pow2_abs (a + b * x)); apply pow_incr; split; [apply Rabs_pos|].
    eapply Rle_trans; [apply Rabs_triang | lra].
  Qed.

  (** The Lipschitz constant of theta |-> N_theta(x) on the region is at most sqrt(W_m). *)
  Theorem lipschitz x theta theta' :
    norm (width net 0) x <= n 0%nat -> inside D m theta -> inside D m theta' ->
    norm (width net m) (fun i => N x theta m i - N x theta' m i)
      <= sqrt (W m) * parameter_norm m (minus_all theta theta').
  Proof. intros; eapply Rle_trans; [now apply outputs_apart | apply P_le]. Qed.
End Network.
