(** The derivative of a network in its parameters, and the Lipschitz constant of that derivative.

    [T x theta v m] is the derivative of theta |-> N_theta(x) at theta in the direction v (theorem [derivative]).
    On a product of balls of parameters it is Lipschitz in theta, in operator norm (theorem [smoothness]):

        || D N_theta[v] - D N_theta'[v] || <= M ||theta - theta'|| ||v||.

    Everything is stated by differences, so sigma'' is not needed: softsign and ELU are covered. *)
From Coq Require Import Reals Lra Psatz Arith Lia.
From Coquelicot Require Import Coquelicot.
From Lipsym Require Import Sums Network.
Open Scope R_scope.

(** What order 2 asks of an activation: sigma' exists, and is s2-Lipschitz. *)
Record smooth_activation := {
  base :> activation;
  slope : R -> R;
  s2 : R;
  s2_nonneg : 0 <= s2;
  is_slope : forall x, is_derive base x (slope x);
  slope_bounded : forall x, Rabs (slope x) <= s1 base;
  slope_lipschitz : forall x y, Rabs (slope x - slope y) <= s2 * Rabs (x - y)
}.

Section Smoothness.
  Variable width : nat -> nat.
  Variable sigma : nat -> smooth_activation.
  Variable bias : nat -> bool.
  Let net : network := Build_network width (fun k => base (sigma k)) bias.

  (** The derivative in the direction v:  dz_k = A_k T_k + V_k (N_k, 1),  T_(k+1) = sigma'(z_k) dz_k. *)
  Definition dz_of (k : nat) (t v : block) (u du : vec) : vec :=
    fun i => linear (width k) t du i + affine (width k) v u i.

  Fixpoint T (x : vec) (theta v : parameters) (k : nat) : vec :=
    match k with
    | O => fun _ => 0
    | S j => fun i => slope (sigma j) (z net x theta j i) * dz_of j (theta j) (v j) (N net x theta j) (T x theta v j) i
    end.

  Definition dz (x : vec) (theta v : parameters) (k : nat) : vec :=
    dz_of k (theta k) (v k) (N net x theta k) (T x theta v k).

  Definition along_all (theta v : parameters) (s : R) : parameters := fun k => along (theta k) (v k) s.

  (** * T is the derivative *)

  Lemma is_derive_Sum n (f f' : nat -> R -> R) s : (forall j, (j < n)%nat -> is_derive (f j) s (f' j s)) ->
    is_derive (fun s => Sum n (fun j => f j s)) s (Sum n (fun j => f' j s)).
  Proof.
    induction n as [|n IH]; intros H; cbn [Sum]; [apply @is_derive_const|].
    apply @is_derive_plus; auto with arith.
  Qed.

  Theorem derivative x theta v s k i :
    is_derive (fun s => N net x (along_all theta v s) k i) s (T x (along_all theta v s) v k i).
  Proof.
    revert i; induction k as [|k IH]; intros i; cbn [N T]; [exact (is_derive_const (x i) s)|].
    rewrite Rmult_comm.
    apply (is_derive_comp (sigma k) (fun s => z_of net k (along_all theta v s k) (N net x (along_all theta v s) k) i));
      [apply is_slope|].
    unfold z_of, affine, dz_of, affine; simpl Network.width.
    rewrite <- Rplus_assoc.
    apply @is_derive_plus.
    - unfold linear; rewrite <- Sum_plus.
      apply (is_derive_Sum (width k)
        (fun j s => weight (along_all theta v s k) i j * N net x (along_all theta v s) k j)
        (fun j s => weight (along_all theta v s k) i j * T x (along_all theta v s) v k j
                    + weight (v k) i j * N net x (along_all theta v s) k j)).
      intros j _; evar_last.
      + apply @is_derive_mult; [|apply IH|apply Rmult_comm].
        unfold along_all, along, weight; simpl; apply @is_derive_plus; [apply @is_derive_const|].
        apply @is_derive_mult; [apply @is_derive_id | apply @is_derive_const | apply Rmult_comm].
      + unfold along_all, along, weight, plus, mult, zero, one; simpl; ring.
    - unfold along_all, along, offset; simpl; evar_last.
      + apply @is_derive_plus; [apply @is_derive_const|].
        apply @is_derive_mult; [apply @is_derive_id | apply @is_derive_const | apply Rmult_comm].
      + unfold plus, mult, zero, one; simpl; ring.
  Qed.

  (** * Bounds on a product of balls; notation of Network.v *)
  Variable D : region.
  Variable m : nat.
  Hypothesis D_ok : well_formed net D m.
  Variable n : nat -> R.
  Hypothesis n_ok : forall k, (k < m)%nat -> range_step net D n k.
  Let gain := gain D.
  Let slope_at := slope_at net n.
  Let P := P net D n.
  Let Pz := Pz net D n.
  Let W := W net D n.

  (** A direction: blocks without bias stay without. *)
  Definition direction (v : parameters) : Prop := forall k, (k < m)%nat -> respects (bias k) (v k).
  Definition sizes (v : parameters) (k : nat) : R := block_norm (width (S k)) (width k) (v k).

  Lemma dz_bound x theta v k : (k < m)%nat ->
    norm (width 0) x <= n 0%nat -> inside net D m theta -> direction v ->
    norm (width k) (T x theta v k) <= P (sizes v) k ->
    norm (width (S k)) (dz x theta v k) <= Pz (sizes v) k.
  Proof.
    intros Hk Hx Ht Hv H; unfold dz, dz_of, Pz, Network.Pz.
    eapply Rle_trans; [apply norm_triangle|]; apply Rplus_le_compat.
    - eapply Rle_trans; [exact (affine_gain net D m D_ok k theta _ Hk Ht)|].
      apply Rmult_le_compat_l; [exact (gain_nonneg net D m D_ok k Hk) | exact H].
    - eapply Rle_trans; [apply (affine_le _ _ (bias k)), Hv; easy|].
      rewrite Rmult_comm; apply Rmult_le_compat_r; [apply block_norm_nonneg|].
      apply slope_norm_le; split; [apply norm_nonneg|].
      apply (ranges net D m D_ok n n_ok); auto with arith.
  Qed.

  (** chain-rule, order 1: ||D N_theta[v]|| <= P_k(||v_0||, ||v_1||, ...) *)
  Theorem derivative_bound x theta v :
    norm (width 0) x <= n 0%nat -> inside net D m theta -> direction v ->
    forall k, (k <= m)%nat -> norm (width k) (T x theta v k) <= P (sizes v) k.
  Proof.
    intros Hx Ht Hv k; induction k as [|k IH]; intros Hk.
    - apply sqrt_le_of_sq; [apply Rle_refl|]; cbn [T].
      rewrite (Sum_ext _ _ (fun _ => 0)), Sum_const by (intros; ring); simpl; lra.
    - cbn [T]; eapply Rle_trans; [apply (norm_le_scal _ (s1 (sigma k)) _ (dz x theta v k))|].
      + apply s1_nonneg.
      + intros; rewrite Rabs_mult; apply Rmult_le_compat_r; [apply Rabs_pos | apply slope_bounded].
      + apply Rmult_le_compat_l; [apply s1_nonneg|]; apply dz_bound; auto with arith.
  Qed.

  (** chain-rule, order 2, as a bilinear form in the sizes e, y of two directions:
      Qz = gain Q + e_k P(y) + y_k P(e),   Q_(k+1) = s1 Qz + s2 Pz(e) Pz(y) *)
  Fixpoint Q (e y : nat -> R) (k : nat) : R :=
    match k with
    | O => 0
    | S j => s1 (sigma j) * (gain j * Q e y j + e j * P y j + y j * P e j) + s2 (sigma j) * (Pz e j * Pz y j)
    end.

  (** sigma'(z) dz - sigma'(z') dz' = sigma'(z)(dz - dz') + (sigma'(z) - sigma'(z')) dz'  and
      dz - dz' = A (T - T') + (A - A') T' + V (N - N') *)
  Theorem derivatives_apart x theta theta' v :
    norm (width 0) x <= n 0%nat -> inside net D m theta -> inside net D m theta' -> direction v ->
    forall k, (k <= m)%nat ->
    norm (width k) (fun i => T x theta v k i - T x theta' v k i) <= Q (distances net theta theta') (sizes v) k.
  Proof.
    intros Hx Ht Ht' Hv k; induction k as [|k IH]; intros Hk.
    - apply sqrt_le_of_sq; [apply Rle_refl|]; cbn [T].
      rewrite (Sum_ext _ _ (fun _ => 0)), Sum_const by (intros; ring); simpl; lra.
    - cbn [T Q].
      set (e := distances net theta theta'); set (y := sizes v).
      assert (Hkm : (k < m)%nat) by easy.
      assert (HN := outputs_apart net D m D_ok n n_ok x theta theta' Hx Ht Ht' k ltac:(lia)).
      assert (Hz := pre_activations_apart net D m D_ok n n_ok x theta theta' k Hkm Hx Ht Ht' HN).
      assert (HT := derivative_bound x theta' v Hx Ht' Hv k ltac:(lia)).
      assert (Hd := dz_bound x theta' v k Hkm Hx Ht' Hv HT).
      specialize (IH ltac:(lia)); fold e y in IH, HN, Hz, HT, Hd.
      assert (Hdz : norm (width (S k)) (fun i => dz x theta v k i - dz x theta' v k i)
        <= gain k * Q e y k + e k * P y k + y k * P e k).
      { unfold dz, dz_of.
        rewrite (norm_ext _ _ (fun i =>
            linear (width k) (theta k) (fun j => T x theta v k j - T x theta' v k j) i
            + linear (width k) (minus (theta k) (theta' k)) (T x theta' v k) i
            + linear (width k) (v k) (fun j => N net x theta k j - N net x theta' k j) i))
          by (intros; unfold affine; rewrite !linear_minus, linear_of_minus; ring).
        eapply Rle_trans; [apply norm_triangle_3|].
        pose proof (affine_gain net D m D_ok k theta (fun j => T x theta v k j - T x theta' v k j) Hkm Ht) as A1.
        pose proof (linear_le (width (S k)) (width k) (minus (theta k) (theta' k)) (T x theta' v k)) as A2.
        pose proof (linear_le (width (S k)) (width k) (v k) (fun j => N net x theta k j - N net x theta' k j)) as A3.
        change (block_norm (width (S k)) (width k) (minus (theta k) (theta' k))) with (e k) in A2.
        change (block_norm (width (S k)) (width k) (v k)) with (y k) in A3.
        simpl Network.width in *.
        pose proof (gain_nonneg net D m D_ok k Hkm) as G.
        pose proof (block_norm_nonneg (width (S k)) (width k) (minus (theta k) (theta' k)) : 0 <= e k).
        pose proof (block_norm_nonneg (width (S k)) (width k) (v k) : 0 <= y k).
        assert (gain k * norm (width k) (fun j => T x theta v k j - T x theta' v k j) <= gain k * Q e y k)
          by (apply Rmult_le_compat_l; easy).
        assert (e k * norm (width k) (T x theta' v k) <= e k * P y k) by (apply Rmult_le_compat_l; easy).
        assert (y k * norm (width k) (fun j => N net x theta k j - N net x theta' k j) <= y k * P e k)
          by (apply Rmult_le_compat_l; easy).
        unfold gain in *; lra. }
      rewrite (norm_ext _ _ (fun i =>
          slope (sigma k) (z net x theta k i) * (dz x theta v k i - dz x theta' v k i)
          + (slope (sigma k) (z net x theta k i) - slope (sigma k) (z net x theta' k i)) * dz x theta' v k i))
        by (intros; unfold dz; ring).
      eapply Rle_trans; [apply norm_triangle|]; apply Rplus_le_compat.
      + eapply Rle_trans; [apply (norm_le_scal _ (s1 (sigma k)) _ (fun i => dz x theta v k i - dz x theta' v k i))|].
        * apply s1_nonneg.
        * intros; rewrite Rabs_mult; apply Rmult_le_compat_r; [apply Rabs_pos | apply slope_bounded].
        * apply Rmult_le_compat_l; [apply s1_nonneg | easy].
      + eapply Rle_trans; [apply (norm_le_scal _ (s2 (sigma k)) _
          (fun i => (z net x theta k i - z net x theta' k i) * dz x theta' v k i))|].
        * apply s2_nonneg.
        * intros; rewrite !Rabs_mult, <- Rmult_assoc; apply Rmult_le_compat_r; [apply Rabs_pos | apply slope_lipschitz].
        * apply Rmult_le_compat_l; [apply s2_nonneg|].
          eapply Rle_trans; [apply norm_product|].
          apply Rmult_le_compat; [apply norm_nonneg | apply norm_nonneg | exact Hz | exact Hd].
  Qed.

  (** * layer-sums, order 2: the Frobenius norm of the entries h_ij, without writing them down.

      The tail (S, C) of the layers after k maps (h, d d) to S h + C d d.  Through activation k and layer k:
        S' = S s1,  C' = S s2 + C s1^2,   h_kk = C' slope^2,   h_ik = d_i (S' + C' gain slope),
      and the tail before layer k is (S' gain, C' gain^2). *)
  Fixpoint H2 (k : nat) (S C : R) : R :=
    match k with
    | O => 0
    | Datatypes.S j =>
        let S' := S * s1 (sigma j) in
        let C' := S * s2 (sigma j) + C * s1 (sigma j) ^ 2 in
        H2 j (S' * gain j) (C' * gain j ^ 2)
        + (C' * slope_at j ^ 2) ^ 2 + 2 * W j * (S' + C' * gain j * slope_at j) ^ 2
    end.

  Lemma H2_nonneg k : forall S C, 0 <= H2 k S C.
  Proof.
    induction k as [|k IH]; intros S C; cbn [H2]; [lra|]; cbv zeta.
    pose proof (W_nonneg net D n k : 0 <= W k).
    repeat apply Rplus_le_le_0_compat; [apply IH | apply pow2_ge_0|].
    apply Rmult_le_pos; [lra | apply pow2_ge_0].
  Qed.

  (** A xy + B XY + g (x Y + y X) <= sqrt(A^2 + B^2 + 2 g^2) sqrt(x^2 + X^2) sqrt(y^2 + Y^2), squared *)
  Lemma cauchy_schwarz_4 A B g x X y Y :
    (A * (x * y) + B * (X * Y) + g * (x * Y + y * X)) ^ 2
      <= (A ^ 2 + B ^ 2 + 2 * g ^ 2) * ((x ^ 2 + X ^ 2) * (y ^ 2 + Y ^ 2)).
  Proof.
    (* The difference is a sum of squares (Lagrange's identity). *)
    assert (E : (A ^ 2 + B ^ 2 + 2 * g ^ 2) * ((x ^ 2 + X ^ 2) * (y ^ 2 + Y ^ 2))
        - (A * (x * y) + B * (X * Y) + g * (x * Y + y * X)) ^ 2
      = (A * (X * Y) - B * (x * y)) ^ 2 + (A * (x * Y) - g * (x * y)) ^ 2 + (A * (y * X) - g * (x * y)) ^ 2
        + (B * (x * Y) - g * (X * Y)) ^ 2 + (B * (y * X) - g * (X * Y)) ^ 2 + (g * (y * X) - g * (x * Y)) ^ 2) by ring.
    pose proof (pow2_ge_0 (A * (X * Y) - B * (x * y))); pose proof (pow2_ge_0 (A * (x * Y) - g * (x * y))).
    pose proof (pow2_ge_0 (A * (y * X) - g * (x * y))); pose proof (pow2_ge_0 (B * (x * Y) - g * (X * Y))).
    pose proof (pow2_ge_0 (B * (y * X) - g * (X * Y))); pose proof (pow2_ge_0 (g * (y * X) - g * (x * Y))).
    lra.
  Qed.

  Lemma form_bound e y k : (forall j, 0 <= e j) -> (forall j, 0 <= y j) -> (k <= m)%nat ->
    forall S C, 0 <= S -> 0 <= C ->
    S * Q e y k + C * (P e k * P y k) <= sqrt (H2 k S C) * (norm k e * norm k y).
  Proof.
    intros He Hy; induction k as [|k IH]; intros Hk S C HS HC.
    - cbn [Q]; unfold P; cbn [Network.P H2]; rewrite sqrt_0; lra.
    - pose proof (s1_nonneg (sigma k)) as s1p; pose proof (s2_nonneg (sigma k)) as s2p.
      pose proof (gain_nonneg net D m D_ok k Hk : 0 <= gain k) as Hg.
      pose proof (slope_norm_nonneg (bias k) (n k) : 0 <= slope_at k) as Hp.
      set (S' := S * s1 (sigma k)); set (C' := S * s2 (sigma k) + C * s1 (sigma k) ^ 2).
      assert (0 <= S') by (apply Rmult_le_pos; easy).
      assert (0 <= C') by (apply Rplus_le_le_0_compat; apply Rmult_le_pos; auto using pow2_ge_0).
      specialize (IH ltac:(lia) (S' * gain k) (C' * gain k ^ 2) ltac:(apply Rmult_le_pos; easy)
        ltac:(apply Rmult_le_pos; auto using pow2_ge_0)).
      set (g := S' + C' * gain k * slope_at k).
      assert (0 <= g) by (apply Rplus_le_le_0_compat; auto using Rmult_le_pos).
      set (A := C' * slope_at k ^ 2).
      (* S Q_(k+1) + C P P at k+1, regrouped *)
      replace (S * Q e y (Datatypes.S k) + C * (P e (Datatypes.S k) * P y (Datatypes.S k))) with
        (A * (e k * y k) + g * (e k * P y k + y k * P e k)
         + (S' * gain k * Q e y k + C' * gain k ^ 2 * (P e k * P y k)))
        by (cbn [Q]; unfold g, A, S', C', P, Pz, Network.Pz, slope_at, gain; cbn [Network.P]; simpl act; ring).
      pose proof (P_le net D n e k) as Pe; pose proof (P_le net D n y k) as Py; fold P W in Pe, Py.
      pose proof (W_nonneg net D n k : 0 <= W k) as HW.
      pose proof (norm_nonneg k e); pose proof (norm_nonneg k y); pose proof (sqrt_pos (W k)).
      pose proof (He k); pose proof (Hy k).
      set (B := sqrt (H2 k (S' * gain k) (C' * gain k ^ 2))) in *.
      set (w := sqrt (W k)) in *; set (X := norm k e) in *; set (Y := norm k y) in *.
      assert (e k * P y k <= e k * (w * Y)) by (apply Rmult_le_compat_l; easy).
      assert (y k * P e k <= y k * (w * X)) by (apply Rmult_le_compat_l; easy).
      apply Rle_trans with (A * (e k * y k) + B * (X * Y) + g * w * (e k * Y + y k * X)).
      { assert (g * (e k * P y k + y k * P e k) <= g * (e k * (w * Y) + y k * (w * X)))
          by (apply Rmult_le_compat_l; lra). lra. }
      assert (HB : 0 <= H2 k (S' * gain k) (C' * gain k ^ 2)) by apply H2_nonneg.
      assert (E : H2 (Datatypes.S k) S C = A ^ 2 + B ^ 2 + 2 * (g * w) ^ 2).
      { cbn [H2]; cbv zeta; fold S' C'; unfold B, w.
        rewrite (Rpow_mult_distr g), !pow2_sqrt by assumption; unfold A, g; ring. }
      assert (Ee : norm (Datatypes.S k) e ^ 2 = e k ^ 2 + X ^ 2) by (unfold X; rewrite !norm_sq; cbn [Sum]; ring).
      assert (Ey : norm (Datatypes.S k) y ^ 2 = y k ^ 2 + Y ^ 2) by (unfold Y; rewrite !norm_sq; cbn [Sum]; ring).
      apply le_of_sq; [repeat apply Rmult_le_pos; apply sqrt_pos || apply norm_nonneg|].
      rewrite (Rpow_mult_distr (sqrt (H2 (Datatypes.S k) S C))), (Rpow_mult_distr (norm (Datatypes.S k) e)).
      rewrite pow2_sqrt, E, Ee, Ey by apply H2_nonneg.
      apply cauchy_schwarz_4.
  Qed.

  Lemma distances_nonneg theta theta' k : 0 <= distances net theta theta' k. Proof. apply norm_nonneg. Qed.
  Lemma sizes_nonneg v k : 0 <= sizes v k. Proof. apply norm_nonneg. Qed.

  (** theta |-> D N_theta(x) is sqrt(H2 m 1 0)-Lipschitz on the region, in operator norm. *)
  Theorem smoothness x theta theta' v :
    norm (width 0) x <= n 0%nat -> inside net D m theta -> inside net D m theta' -> direction v ->
    norm (width m) (fun i => T x theta v m i - T x theta' v m i)
      <= sqrt (H2 m 1 0) * (parameter_norm net m (minus_all theta theta') * parameter_norm net m v).
  Proof.
    intros Hx Ht Ht' Hv.
    eapply Rle_trans; [now apply derivatives_apart|].
    pose proof (form_bound (distances net theta theta') (sizes v) m (distances_nonneg theta theta')
      (sizes_nonneg v) (le_n m) 1 0 ltac:(lra) ltac:(lra)) as F.
    rewrite Rmult_1_l, Rmult_0_l, Rplus_0_r in F; exact F.
  Qed.

  (** ||D N_theta[v]|| <= L ||v|| with the constant of order 1. *)
  Theorem derivative_norm x theta v :
    norm (width 0) x <= n 0%nat -> inside net D m theta -> direction v ->
    norm (width m) (T x theta v m) <= sqrt (W m) * parameter_norm net m v.
  Proof. intros; eapply Rle_trans; [now apply derivative_bound | apply P_le]. Qed.
End Smoothness.
