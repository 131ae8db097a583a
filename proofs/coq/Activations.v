(** Every row of the table of activations as what the network theorems ask for. *)
From Coq Require Import Reals Lra Psatz.
From Coquelicot Require Import Coquelicot.
From Lipsym Require Import Sums Network Smoothness Functions Constants Calculus ActElementary ActTanh ActGauss ActPiecewise.
Open Scope R_scope.

Lemma nonneg_of_lipschitz (f : R -> R) c : (forall x y, Rabs (f x - f y) <= c * Rabs (x - y)) -> 0 <= c.
Proof. intros H; specialize (H 1 0); rewrite Rminus_0_r, Rabs_R1 in H; pose proof (Rabs_pos (f 1 - f 0)); lra. Qed.

(** An activation with a Lipschitz derivative. *)
Definition smooth (f f' : R -> R) (b : option R) (c c1 c2 : R)
  (Z : f 0 = c)
  (D : forall x, is_derive f x (f' x))
  (B0 : match b with Some s => forall x, Rabs (f x) <= s | None => True end)
  (B1 : forall x, Rabs (f' x) <= c1)
  (L2 : forall x y, Rabs (f' x - f' y) <= c2 * Rabs (x - y)) : smooth_activation :=
  let L1 := lipschitz_of_derivative f f' c1 D B1 in
  {| base := {| value := f; s0 := b; c0 := c; s1 := c1; value_at_zero := Z; s1_nonneg := nonneg_of_lipschitz f c1 L1; value_lipschitz := L1;
                value_bounded := B0 |};
     slope := f'; s2 := c2; s2_nonneg := nonneg_of_lipschitz f' c2 L2; is_slope := D; slope_bounded := B1;
     slope_lipschitz := L2 |}.

(** The bounds of the table are stated on [Derive]; these are the same bounds on the derivatives by name. *)
Lemma on_slope (f f' : R -> R) c : (forall x, is_derive f x (f' x)) -> (forall x, Rabs (Derive f x) <= c) ->
  forall x, Rabs (f' x) <= c.
Proof. intros D H x; rewrite <- (is_derive_unique _ _ _ (D x)); apply H. Qed.

Lemma on_curvature (f f' f'' : R -> R) c : (forall x, is_derive f x (f' x)) -> (forall x, is_derive f' x (f'' x)) ->
  (forall x, Rabs (Derive_n f 2 x) <= c) -> forall x y, Rabs (f' x - f' y) <= c * Rabs (x - y).
Proof.
  intros D D2 H; apply (lipschitz_of_derivative f' f'' c D2); intros x; rewrite <- (Derive_n_2 f f' f'' D D2); apply H.
Qed.

Lemma identity_slope_bounded (x : R) : Rabs 1 <= identity_s1. Proof. rewrite Rabs_R1; apply Rle_refl. Qed.
Lemma identity_slope_lipschitz (x y : R) : Rabs (1 - 1) <= identity_s2 * Rabs (x - y).
Proof. rewrite Rminus_diag_eq, Rabs_R0 by easy; unfold identity_s2; lra. Qed.

(** * sigma(0) *)

Lemma identity_at_zero : (fun z : R => z) 0 = identity_c0. Proof. easy. Qed.
Lemma tanh_at_zero : tanh 0 = tanh_c0. Proof. apply tanh_0. Qed.
Lemma sigmoid_at_zero : sigmoid 0 = sigmoid_c0. Proof. unfold sigmoid_c0; rewrite sigmoid_0; field. Qed.
Lemma softplus_at_zero : softplus 0 = softplus_c0. Proof. unfold softplus, softplus_c0; rewrite exp_0; f_equal; ring. Qed.
Lemma sin_at_zero : sin 0 = sin_c0. Proof. apply sin_0. Qed.
Lemma arctan_at_zero : atan 0 = arctan_c0. Proof. apply atan_0. Qed.
Lemma erf_at_zero : erf 0 = erf_c0. Proof. rewrite erf_area; unfold area, erf_c0; rewrite RInt_point; apply Rmult_0_r. Qed.
Lemma softsign_at_zero : softsign 0 = softsign_c0. Proof. unfold softsign, softsign_c0, Rdiv; ring. Qed.
Lemma gelu_at_zero : gelu 0 = gelu_c0. Proof. unfold gelu, gelu_c0; ring. Qed.
Lemma silu_at_zero : silu 0 = silu_c0. Proof. unfold silu, silu_c0; ring. Qed.
Lemma elu_at_zero : elu 0 = elu_c0. Proof. apply elu_right, Rle_refl. Qed.
Lemma leaky_at_zero a : leaky a 0 = 0. Proof. apply leaky_unbounded, Rle_refl. Qed.

(** * The rows *)

Definition identity_act : smooth_activation :=
  smooth (fun z => z) (fun _ => 1) None identity_c0 identity_s1 identity_s2 identity_at_zero identity_derive I
    identity_slope_bounded identity_slope_lipschitz.
Definition tanh_act : smooth_activation :=
  smooth tanh _ (Some tanh_s0) tanh_c0 tanh_s1 tanh_s2 tanh_at_zero tanh_derive tanh_s0_bound
    (on_slope _ _ _ tanh_derive tanh_s1_bound) (on_curvature _ _ _ _ tanh_derive tanh_derive_2 tanh_s2_bound).
Definition sigmoid_act : smooth_activation :=
  smooth sigmoid _ (Some sigmoid_s0) sigmoid_c0 sigmoid_s1 sigmoid_s2 sigmoid_at_zero sigmoid_derive sigmoid_s0_bound
    (on_slope _ _ _ sigmoid_derive sigmoid_s1_bound)
    (on_curvature _ _ _ _ sigmoid_derive sigmoid_derive_2 sigmoid_s2_bound).
Definition softplus_act : smooth_activation :=
  smooth softplus _ None softplus_c0 softplus_s1 softplus_s2 softplus_at_zero softplus_derive I
    (on_slope _ _ _ softplus_derive softplus_s1_bound)
    (on_curvature _ _ _ _ softplus_derive sigmoid_derive softplus_s2_bound).
Definition sin_act : smooth_activation :=
  smooth sin _ (Some sin_s0) sin_c0 sin_s1 sin_s2 sin_at_zero sin_derive sin_s0_bound
    (on_slope _ _ _ sin_derive sin_s1_bound) (on_curvature _ _ _ _ sin_derive sin_derive_2 sin_s2_bound).
Definition arctan_act : smooth_activation :=
  smooth atan _ (Some arctan_s0) arctan_c0 arctan_s1 arctan_s2 arctan_at_zero arctan_derive arctan_s0_bound
    (on_slope _ _ _ arctan_derive arctan_s1_bound)
    (on_curvature _ _ _ _ arctan_derive arctan_derive_2 arctan_s2_bound).
Definition erf_act : smooth_activation :=
  smooth erf _ (Some erf_s0) erf_c0 erf_s1 erf_s2 erf_at_zero erf_derive erf_s0_bound
    (on_slope _ _ _ erf_derive erf_s1_bound) (on_curvature _ _ _ _ erf_derive erf_derive_2 erf_s2_bound).
Definition softsign_act : smooth_activation :=
  smooth softsign _ (Some softsign_s0) softsign_c0 softsign_s1 softsign_s2 softsign_at_zero softsign_derive softsign_s0_bound
    (on_slope _ _ _ softsign_derive softsign_s1_bound) softsign_d1_lipschitz.
Definition gelu_act : smooth_activation :=
  smooth gelu _ None gelu_c0 gelu_s1 gelu_s2 gelu_at_zero gelu_derive I
    (on_slope _ _ _ gelu_derive gelu_s1_bound) (on_curvature _ _ _ _ gelu_derive gelu_derive_2 gelu_s2_bound).
Definition silu_act : smooth_activation :=
  smooth silu _ None silu_c0 silu_s1 silu_s2 silu_at_zero silu_derive I
    (on_slope _ _ _ silu_derive silu_s1_bound) (on_curvature _ _ _ _ silu_derive silu_derive_2 silu_s2_bound).
Definition elu_act : smooth_activation :=
  smooth elu _ None elu_c0 elu_s1 elu_s2 elu_at_zero elu_derive I
    (on_slope _ _ _ elu_derive elu_s1_bound) elu_d1_lipschitz.

(** Order 1 only: sigma' jumps. *)
Definition kinked (f : R -> R) (c : R) (Z : f 0 = 0) (L : lipschitz_constant f c) : activation :=
  {| value := f; s0 := None; c0 := 0; s1 := c; value_at_zero := Z; s1_nonneg := nonneg_of_lipschitz f c (proj1 L);
     value_lipschitz := proj1 L; value_bounded := I |}.
Definition leaky_act (a : R) : activation := kinked (leaky a) (Rmax 1 (Rabs a)) (leaky_at_zero a) (leaky_constant a).
Definition relu_act : activation := kinked relu relu_s1 (leaky_at_zero 0) relu_s1_constant.
Definition leaky_relu_act : activation :=
  kinked (leaky (1 / 100)) leaky_relu_s1 (leaky_at_zero (1 / 100)) leaky_relu_s1_constant.

(** The functions are those of the table. *)
Theorem values_of_the_table z :
  identity_act z = identity_value z /\ tanh_act z = tanh_value z /\ sigmoid_act z = sigmoid_value z /\
  softplus_act z = softplus_value z /\ sin_act z = sin_value z /\ arctan_act z = arctan_value z /\
  erf_act z = erf_value z /\ softsign_act z = softsign_value z /\ gelu_act z = gelu_value z /\
  silu_act z = silu_value z /\ elu_act z = elu_value z /\ relu_act z = relu_value z /\
  leaky_relu_act z = leaky_relu_value z.
Proof.
  destruct sqrt_2 as [H2 E2]; repeat split; simpl.
  - unfold softsign, softsign_value; now rewrite Rplus_comm.
  - unfold gelu, gelu_value; replace (1 / 2 * sqrt 2 * z) with (z / sqrt 2); [field|].
    apply Rmult_eq_reg_r with (sqrt 2); [|lra]; replace (z / sqrt 2 * sqrt 2) with z by (field; lra).
    replace (1 / 2 * sqrt 2 * z * sqrt 2) with (1 / 2 * sqrt 2 ^ 2 * z) by ring; rewrite E2; field.
  - unfold elu, elu_value; ring.
  - unfold relu, leaky, relu_value; ring.
  - unfold leaky, leaky_relu_value; field.
Qed.
